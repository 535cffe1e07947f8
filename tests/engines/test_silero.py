"""The Silero detector: one call for many frames equals a call for each, and the original."""

import sys
from pathlib import Path

import faster_whisper.vad  # type: ignore[import-untyped]
import numpy as np
import pytest

from sessions_app.core.audio import FRAME_BYTES, FRAME_SAMPLES, SAMPLE_BYTES
from sessions_app.core.errors import EngineUnavailableError
from sessions_app.engines.speech.silero import SileroDetector
from tests.engines.spoken import read_pcm, spoken_file


@pytest.fixture(scope="module")
def detector() -> SileroDetector:
    return SileroDetector()


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Whole frames of real speech."""
    pcm = read_pcm(spoken_file(tmp_path_factory.mktemp("speech")))
    return pcm[: len(pcm) // FRAME_BYTES * FRAME_BYTES]


def heard(detector: SileroDetector, pcm: bytes, size: int) -> list[float]:
    """Probabilities of ``pcm`` given in chunks of ``size`` bytes."""
    stream = detector.stream()
    return [
        value
        for first in range(0, len(pcm), size)
        for value in stream.probabilities(pcm[first : first + size])
    ]


@pytest.mark.parametrize("size", [FRAME_BYTES * 8, FRAME_BYTES * 150, 1001, 20_000])
def test_any_chunks_give_the_probabilities_of_single_frames(
    detector: SileroDetector, speech: bytes, size: int
) -> None:
    alone = heard(detector, speech, FRAME_BYTES)
    assert len(alone) == len(speech) // FRAME_BYTES
    np.testing.assert_allclose(heard(detector, speech, size), alone, atol=1e-4)


def test_probabilities_are_those_of_faster_whisper(detector: SileroDetector, speech: bytes) -> None:
    model = faster_whisper.vad.get_vad_model()
    theirs = model(np.frombuffer(speech, np.int16).astype(np.float32) / 32768)
    ours = detector.stream().probabilities(speech)
    # theirs drops the last samples of the last frame, ours does not
    np.testing.assert_allclose(ours[:-1], theirs[:-1], atol=1e-4)


def test_speech_is_told_from_silence_and_from_noise(
    detector: SileroDetector, speech: bytes
) -> None:
    noise = np.random.default_rng(1).normal(0, 300, 60 * FRAME_SAMPLES).astype(np.int16).tobytes()
    assert np.mean(detector.stream().probabilities(speech)) > 0.4
    assert max(detector.stream().probabilities(bytes(60 * FRAME_BYTES))) < 0.2
    assert np.mean(detector.stream().probabilities(noise)) < 0.2


def test_streams_do_not_share_what_they_remember(detector: SileroDetector, speech: bytes) -> None:
    one, two = detector.stream(), detector.stream()
    one.probabilities(speech)
    assert two.probabilities(speech[:FRAME_BYTES]) == detector.stream().probabilities(
        speech[:FRAME_BYTES]
    )


def test_an_incomplete_frame_waits_for_its_rest(detector: SileroDetector) -> None:
    stream = detector.stream()
    assert stream.probabilities(b"") == []
    assert stream.probabilities(bytes(FRAME_BYTES - 1)) == []
    assert len(stream.probabilities(bytes(1 + SAMPLE_BYTES))) == 1


def test_a_missing_model_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "faster_whisper")
    with pytest.raises(EngineUnavailableError, match=r"Install requirements\.txt"):
        SileroDetector()
