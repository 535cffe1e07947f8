"""Silero voice activity detection, with the model that faster-whisper ships."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime  # type: ignore[import-untyped]
from onnxruntime.capi.onnxruntime_pybind11_state import (  # type: ignore[import-untyped]
    Fail,
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
    NoSuchFile,
    RuntimeException,
)

from sessions_app.engines.base import (
    FRAME_BYTES,
    FRAME_SAMPLES,
    Detector,
    EngineError,
    EngineUnavailableError,
)

Floats = npt.NDArray[np.float32]

CONTEXT_SAMPLES = 64
"""Samples of the previous frame that the model sees before each frame."""
FRAMES_PER_RUN = 64
"""The most frames per call of the model (2 s): bounds its memory when a whole file comes."""
STATE_SHAPE = (1, 1, 128)
FULL_SCALE = np.float32(1 / 32768)
"""The model expects -1..1, not the range of int16."""

_CANNOT_LOAD = (Fail, InvalidGraph, InvalidProtobuf, NoSuchFile, RuntimeException)


class SileroDetector(Detector):
    """The model, loaded once and shared by all streams; safe to use from several threads.

    ``threads`` is how many CPU threads one call may use; more than 1 is slower at this size.

    Raises:
        EngineUnavailableError: the model is not installed or cannot be loaded.
    """

    def __init__(self, *, threads: int = 1) -> None:
        self._session = _load(threads)

    def stream(self) -> "SileroStream":
        """Return new state for one source."""
        return SileroStream(self._session)


class SileroStream:
    """The model's state for one source. Not thread-safe."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        self._rest = b""
        self._context = np.zeros(CONTEXT_SAMPLES, np.float32)
        self._hidden = np.zeros(STATE_SHAPE, np.float32)
        self._cell = np.zeros(STATE_SHAPE, np.float32)

    def probabilities(self, pcm: bytes) -> Sequence[float]:
        """Return how likely each frame contains speech, 0..1; blocks (about 35 µs a frame).

        ``pcm`` is 16 kHz mono s16le of any length: one probability for each whole 512-sample frame
        of what was given so far; an incomplete frame is kept for the next call.

        Raises:
            EngineError: the model failed.
        """
        sound = self._rest + pcm
        whole = len(sound) // FRAME_BYTES * FRAME_BYTES
        self._rest = sound[whole:]
        samples = np.frombuffer(sound[:whole], "<i2").astype(np.float32) * FULL_SCALE
        frames = samples.reshape(-1, FRAME_SAMPLES)
        found: list[float] = []
        for first in range(0, len(frames), FRAMES_PER_RUN):
            found += self._run(frames[first : first + FRAMES_PER_RUN])
        return found

    def _run(self, frames: Floats) -> list[float]:
        feeds = {"input": self._with_context(frames), "h": self._hidden, "c": self._cell}
        try:
            output, self._hidden, self._cell = self._session.run(None, feeds)
        except (Fail, InvalidArgument, RuntimeException) as error:
            raise EngineError("The speech detector failed.") from error
        values: list[float] = output.tolist()
        return values

    def _with_context(self, frames: Floats) -> Floats:
        """Return ``frames``, each preceded by the last samples of the one before it."""
        joined = np.empty((len(frames), CONTEXT_SAMPLES + FRAME_SAMPLES), np.float32)
        joined[:, CONTEXT_SAMPLES:] = frames
        joined[0, :CONTEXT_SAMPLES] = self._context
        joined[1:, :CONTEXT_SAMPLES] = frames[:-1, -CONTEXT_SAMPLES:]
        self._context = frames[-1, -CONTEXT_SAMPLES:].copy()
        return joined


def _load(threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.enable_cpu_mem_arena = False  # the arena uses memory and saves no time here
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(
            str(_model_path()), options, providers=["CPUExecutionProvider"]
        )
    except _CANNOT_LOAD as error:
        raise EngineUnavailableError(
            "The speech detector's model cannot be loaded. Install faster-whisper 1.2 again."
        ) from error


def _model_path() -> Path:
    """Return the model's file, found without importing the package, which is slow and large."""
    spec = find_spec("faster_whisper")
    if spec is None or not spec.submodule_search_locations:
        raise EngineUnavailableError(
            "The speech detector's model comes with faster-whisper, which is not installed. "
            "Install requirements.txt."
        )
    return Path(spec.submodule_search_locations[0]) / "assets" / "silero_vad_v6.onnx"
