"""GE2E, the voice encoder of Resemblyzer 0.1.4 (Apache-2.0), run by ONNX Runtime.

Three LSTM layers read 1.6 s of speech at a time; what the last one holds in the end, mapped to 256
numbers, is the voice print. That of a longer piece is the mean of those of its windows.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from onnxruntime.capi.onnxruntime_pybind11_state import (  # type: ignore[import-untyped]
    Fail,
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
    RuntimeException,
)

from sessions_app.engines.base import EngineError, EngineUnavailableError, VoiceEncoder, to_samples
from sessions_app.engines.models.catalogue import MODELS_DIR, is_on_disk
from sessions_app.engines.models.downloads import lacking_message
from sessions_app.engines.voices import onnx_graph as graph
from sessions_app.engines.voices.mel import BANDS, HOP_SAMPLES, Floats, mel_spectrogram
from sessions_app.engines.voices.torch_file import read_tensors

MODEL = "voices-ge2e"
WEIGHTS = "pretrained.pt"
LAYERS, HIDDEN, SIZE = 3, 256, 256
WINDOW_FRAMES = 160
WINDOW_SAMPLES = WINDOW_FRAMES * HOP_SAMPLES
"""What is shorter is repeated until it is as long: silence in its place blurs the voice."""
STEP_FRAMES = 77
"""How far a window begins behind the one before it: 1.3 windows a second."""
LEAST_COVERED = 0.75
"""How much of the last window must be speech, if there is another one."""
MOST_WINDOWS = 16
"""Of a long utterance that many are read, spread over it: about 12 s of speech."""
EDGE_SAMPLES = 480
QUIET = 0.02
"""What is quieter than this share of the loud parts is silence ..."""
MOST_BEFORE, MOST_AFTER = to_samples(0.6), to_samples(1.0)
"""... of which no more than so much is left out at each end."""
LOUDNESS = 10.0 ** (-30 / 20)
"""What quiet speech is raised to, as the root of its mean square."""
TINY = np.float32(1e-9)
FULL_SCALE = np.float32(1 / 32768)
_CANNOT_LOAD = (Fail, InvalidArgument, InvalidGraph, InvalidProtobuf, RuntimeException)


class Ge2eEncoder(VoiceEncoder):
    """The model, read once and shared by all sessions; safe to use from several threads.

    ``threads`` is how many CPU threads one call may use.
    """

    def __init__(self, *, models_dir: Path | str = MODELS_DIR, threads: int = 1) -> None:
        self._models_dir = models_dir
        self._threads = threads
        self._session: onnxruntime.InferenceSession | None = None

    async def load(self) -> None:
        """Read the weights.

        Raises:
            EngineUnavailableError: they are not on this machine, or are no such weights.
        """
        self._session = await asyncio.to_thread(self._open)

    async def aclose(self) -> None:
        """Forget the model."""
        self._session = None

    def _open(self) -> onnxruntime.InferenceSession:
        directory = is_on_disk(MODEL, self._models_dir)
        if directory is None:
            raise EngineUnavailableError(lacking_message(MODEL, []))
        try:
            with (directory / WEIGHTS).open("rb") as file:
                written = _written(read_tensors(file, "model_state"))
            return onnxruntime.InferenceSession(
                written, _options(self._threads), providers=["CPUExecutionProvider"]
            )
        except (*_CANNOT_LOAD, OSError, KeyError, ValueError) as error:
            raise EngineUnavailableError(
                f"The model {MODEL} is damaged: fetch it again."
            ) from error

    def embed(self, pcm: bytes) -> Floats:
        """Return the voice print of ``pcm``; blocks, about 10 ms for a second of speech.

        Raises:
            EngineError: the model failed.
        """
        session = self._session
        if session is None:
            raise EngineError("The voice encoder is not loaded.")
        try:
            (found,) = session.run(None, {"mel": windows_of(pcm)})
        except _CANNOT_LOAD as error:
            raise EngineError("The voice encoder failed.") from error
        return _unit(_units(found).mean(axis=0))


def windows_of(pcm: bytes) -> Floats:
    """Return the spectrograms of the windows of ``pcm``, as the model takes them: time first."""
    samples = _spoken(np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2").astype(np.float32))
    loudness = float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0
    if 0 < loudness < LOUDNESS:
        samples = samples * np.float32(LOUDNESS / loudness)
    if 0 < len(samples) < WINDOW_SAMPLES:
        samples = np.resize(samples, WINDOW_SAMPLES)
    starts = _starts(len(samples))
    end = (starts[-1] + WINDOW_FRAMES) * HOP_SAMPLES
    mel = mel_spectrogram(np.pad(samples, (0, max(0, end - len(samples)))))
    return np.stack([mel[start : start + WINDOW_FRAMES] for start in starts], axis=1)


def _spoken(samples: Floats) -> Floats:
    """Return ``samples``, made -1..1, without the silence that an utterance has at its ends.

    Silence makes the prints of all voices more alike.
    """
    samples = samples * FULL_SCALE
    frames = samples[: len(samples) // EDGE_SAMPLES * EDGE_SAMPLES].reshape(-1, EDGE_SAMPLES)
    energy = np.sqrt(np.mean(frames**2, axis=1))
    loud = np.nonzero(energy > QUIET * np.percentile(energy, 95))[0] if len(energy) else energy
    if not len(loud):
        return samples
    first = min(int(loud[0]) * EDGE_SAMPLES, MOST_BEFORE)
    last = max((int(loud[-1]) + 1) * EDGE_SAMPLES, len(samples) - MOST_AFTER)
    return samples[first:last]


def _starts(samples: int) -> list[int]:
    """Return the frames at which the windows of so many samples begin."""
    frames = -(-(samples + 1) // HOP_SAMPLES)
    starts = list(range(0, max(1, frames - WINDOW_FRAMES + STEP_FRAMES + 1), STEP_FRAMES))
    covered = (samples / HOP_SAMPLES - starts[-1]) / WINDOW_FRAMES
    if covered < LEAST_COVERED and len(starts) > 1:
        starts.pop()
    if len(starts) > MOST_WINDOWS:
        spread = np.linspace(0, len(starts) - 1, MOST_WINDOWS).round().astype(int)
        starts = [starts[each] for each in spread]
    return starts


def _units(rows: Floats) -> Floats:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, TINY), np.float32)


def _unit(row: Floats) -> Floats:
    length = float(np.linalg.norm(row))
    return (row / length).astype(np.float32) if length else row


def _options(threads: int) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    return options


def _written(weights: Mapping[str, Floats]) -> bytes:
    """Return the network as an ONNX model.

    Raises:
        KeyError, ValueError: these are the weights of another network.
    """
    constants, nodes = [graph.tensor("axis", np.array([1], np.int64))], []
    given = "mel"
    for layer in range(LAYERS):
        width = BANDS if layer == 0 else HIDDEN
        named = {
            f"w{layer}": _gates(weights[f"lstm.weight_ih_l{layer}"], (4 * HIDDEN, width)),
            f"r{layer}": _gates(weights[f"lstm.weight_hh_l{layer}"], (4 * HIDDEN, HIDDEN)),
            f"b{layer}": np.concatenate(
                [
                    _gates(weights[f"lstm.bias_{kind}_l{layer}"], (4 * HIDDEN,))
                    for kind in ("ih", "hh")
                ],
                axis=1,
            ),
        }
        constants += [graph.tensor(name, values) for name, values in named.items()]
        made = (f"y{layer}", f"h{layer}")
        nodes.append(graph.node("LSTM", [given, *named], made, {"hidden_size": HIDDEN}))
        nodes.append(graph.node("Squeeze", [made[0], "axis"], [f"x{layer}"]))
        given = f"x{layer}"
    constants.append(graph.tensor("linear", _shaped(weights["linear.weight"], (SIZE, HIDDEN))))
    constants.append(graph.tensor("bias", _shaped(weights["linear.bias"], (SIZE,))))
    constants.append(graph.tensor("first", np.array([0], np.int64)))
    nodes += [
        graph.node("Squeeze", [f"h{LAYERS - 1}", "first"], ["last"]),
        graph.node("Gemm", ["last", "linear", "bias"], ["raw"], {"transB": 1}),
        graph.node("Relu", ["raw"], ["print"]),
    ]
    return graph.model(
        nodes, constants, ("mel", [WINDOW_FRAMES, "windows", BANDS]), ("print", ["windows", SIZE])
    )


def _gates(values: Floats, shape: tuple[int, ...]) -> Floats:
    """Return ``values`` with PyTorch's gates (i, f, g, o) in the order of ONNX (i, o, f, c)."""
    inward, forget, cell, outward = np.split(_shaped(values, shape), 4)
    return np.concatenate([inward, outward, forget, cell])[np.newaxis]


def _shaped(values: Floats, shape: tuple[int, ...]) -> Floats:
    if values.shape != shape:
        raise ValueError(f"{values.shape} in place of {shape}")
    return values
