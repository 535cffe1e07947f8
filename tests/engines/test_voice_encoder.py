"""The voice encoder: its weights are read without running the file, and it computes what it should.

The stand-in weights are random, in the file format and the shapes of the real ones.
"""

from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sessions_app.core.audio import SAMPLE_RATE
from sessions_app.core.errors import EngineError, EngineUnavailableError
from sessions_app.engines.voices.ge2e import MODEL, WEIGHTS, Ge2eEncoder, windows_of
from sessions_app.engines.voices.mel import Floats, mel_spectrogram
from sessions_app.engines.voices.torch_file import read_tensors
from tests.tiny import torchfile
from tests.tiny.torchfile import Call, Named


def tone(hertz: float, seconds: float, amplitude: float = 8000.0) -> bytes:
    """A voice of sorts: a tone with overtones, which swells and fades."""
    at = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    wave = sum(np.sin(2 * np.pi * hertz * n * at) / n for n in range(1, 6))
    return (amplitude * wave * (0.6 + 0.4 * np.sin(7 * at))).astype("<i2").tobytes()


@pytest.fixture(scope="module")
def weights() -> dict[str, Floats]:
    return torchfile.voice_weights()


@pytest.fixture(scope="module")
def models_dir(tmp_path_factory: pytest.TempPathFactory, weights: dict[str, Floats]) -> Path:
    directory = tmp_path_factory.mktemp("models")
    (directory / MODEL).mkdir()
    torchfile.save(directory / MODEL / WEIGHTS, weights)
    return directory


@pytest.fixture
async def encoder(models_dir: Path) -> Ge2eEncoder:
    made = Ge2eEncoder(models_dir=models_dir)
    await made.load()
    return made


def as_pytorch_does(windows: Floats, weights: dict[str, Floats]) -> Floats:
    """The print of each window by the textbook's equations of an LSTM."""

    def squashed(values: Any) -> Any:
        return 1 / (1 + np.exp(-values))

    inputs = windows
    hidden = np.zeros((windows.shape[1], 256), np.float32)
    for layer in range(3):
        hidden, cell = np.zeros_like(hidden), np.zeros_like(hidden)
        states = []
        for frame in inputs:
            gates = frame @ weights[f"lstm.weight_ih_l{layer}"].T
            gates = gates + hidden @ weights[f"lstm.weight_hh_l{layer}"].T
            gates += weights[f"lstm.bias_ih_l{layer}"] + weights[f"lstm.bias_hh_l{layer}"]
            inward, forget, new, outward = np.split(gates, 4, axis=1)
            cell = squashed(forget) * cell + squashed(inward) * np.tanh(new)
            hidden = squashed(outward) * np.tanh(cell)
            states.append(hidden)
        inputs = np.stack(states)
    raw = hidden @ weights["linear.weight"].T + weights["linear.bias"]
    return np.asarray(np.maximum(0, raw), np.float32)


def test_the_tensors_of_a_file_are_read_as_they_were_saved(
    models_dir: Path, weights: dict[str, Floats]
) -> None:
    with (models_dir / MODEL / WEIGHTS).open("rb") as file:
        read = read_tensors(file, "model_state")
    assert read.keys() == weights.keys()
    assert all(np.array_equal(read[name], weights[name]) for name in weights)


def test_a_transposed_view_is_read_in_its_order(tmp_path: Path) -> None:
    square = np.arange(6, dtype=np.float32).reshape(2, 3)
    path = tmp_path / "view.pt"
    torchfile.save(path, {"turned": square.T.copy().T})
    with path.open("rb") as file:
        turned = read_tensors(file, "model_state")["turned"]
    assert turned.shape == (2, 3)


@pytest.mark.parametrize(
    "evil",
    [
        Call(Named("os", "system"), ("touch touched",)),
        Call(Named("builtins", "eval"), ("1",)),
        Call(Named("collections", "deque"), ([],)),
    ],
)
def test_a_file_that_asks_for_anything_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, evil: Call
) -> None:
    monkeypatch.chdir(tmp_path)
    torchfile.save(tmp_path / "evil.pt", {"a": np.ones(2, np.float32)}, extra=evil)
    with (
        (tmp_path / "evil.pt").open("rb") as file,
        pytest.raises(ValueError, match="no file of tensors"),
    ):
        read_tensors(file, "model_state")
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize("length", [0, 1, 40, 400, 5_000])
def test_a_file_that_ends_too_soon_is_refused(
    models_dir: Path, tmp_path: Path, length: int
) -> None:
    whole = (models_dir / MODEL / WEIGHTS).read_bytes()
    (tmp_path / "short.pt").write_bytes(whole[:length])
    with (
        (tmp_path / "short.pt").open("rb") as file,
        pytest.raises(ValueError, match="no file of tensors"),
    ):
        read_tensors(file, "model_state")


def test_a_tensor_that_reaches_beyond_its_numbers_is_refused(tmp_path: Path) -> None:
    arguments = (torchfile.Storage("1000", 2), 0, (3,), (1,), False, OrderedDict[str, Any]())
    far = Call(Named("torch._utils", "_rebuild_tensor_v2"), arguments)
    path = tmp_path / "far.pt"
    torchfile.save(path, {"a": np.ones(2, np.float32), "b": far})
    with path.open("rb") as file, pytest.raises(ValueError, match="no file of tensors"):
        read_tensors(file, "model_state")


async def test_a_print_is_what_the_equations_give(
    encoder: Ge2eEncoder, weights: dict[str, Floats]
) -> None:
    pcm = tone(180, 3.2)
    by_hand = as_pytorch_does(windows_of(pcm), weights)
    units = by_hand / np.linalg.norm(by_hand, axis=1, keepdims=True)
    mean = units.mean(axis=0)
    assert len(by_hand) == 3
    assert encoder.embed(pcm) == pytest.approx(mean / np.linalg.norm(mean), abs=1e-4)


@pytest.mark.parametrize("seconds", [0.02, 1.0, 1.6, 2.9, 30.0])
async def test_a_print_is_a_unit_vector_however_long_the_speech(
    encoder: Ge2eEncoder, seconds: float
) -> None:
    found = encoder.embed(tone(220, seconds))
    assert found.shape == (256,)
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)


async def test_how_loud_and_how_far_from_silence_somebody_speaks_makes_no_difference(
    encoder: Ge2eEncoder,
) -> None:
    soft, louder = tone(200, 2.0, 150.0), tone(200, 2.0, 300.0)
    silence = bytes(2 * SAMPLE_RATE // 2)
    assert float(encoder.embed(soft) @ encoder.embed(louder)) > 0.999
    assert float(encoder.embed(louder) @ encoder.embed(silence + louder + silence)) > 0.98


async def test_silence_and_nothing_at_all_have_some_print(encoder: Ge2eEncoder) -> None:
    assert np.isfinite(encoder.embed(bytes(2 * SAMPLE_RATE))).all()
    assert np.isfinite(encoder.embed(b"")).all()


async def test_without_its_weights_it_says_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailableError, match="fetch_models voices-ge2e"):
        await Ge2eEncoder(models_dir=tmp_path).load()


async def test_the_weights_of_another_network_are_refused(
    tmp_path: Path, weights: dict[str, Floats]
) -> None:
    (tmp_path / MODEL).mkdir()
    narrow = weights | {"linear.weight": np.ones((128, 256), np.float32)}
    torchfile.save(tmp_path / MODEL / WEIGHTS, narrow)
    with pytest.raises(EngineUnavailableError, match="damaged"):
        await Ge2eEncoder(models_dir=tmp_path).load()


async def test_an_encoder_that_is_closed_or_not_loaded_fails_as_an_engine_does(
    encoder: Ge2eEncoder, models_dir: Path
) -> None:
    await encoder.aclose()
    for unloaded in (encoder, Ge2eEncoder(models_dir=models_dir)):
        with pytest.raises(EngineError):
            unloaded.embed(tone(200, 1.0))


def test_a_tone_is_loudest_in_the_band_of_its_frequency() -> None:
    bands = [
        int(mel_spectrogram(np.frombuffer(_sine(hertz), "<f4")).mean(axis=0).argmax())
        for hertz in (200, 400, 1000, 2000, 4000, 7000)
    ]
    assert bands == sorted(set(bands))
    assert bands[0] <= 3
    assert bands[-1] >= 36


def _sine(hertz: float) -> bytes:
    at = np.arange(SAMPLE_RATE, dtype=np.float32) / SAMPLE_RATE
    return np.sin(2 * np.pi * hertz * at).astype("<f4").tobytes()
