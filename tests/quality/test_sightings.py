"""What a listener saw of each clip, and how long after it was spoken."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benches.quality.sightings import sightings
from benches.quality.speech import Clip, voiced
from benches.quality.streams import Spoken, Stream, in_noise, stream_of
from benches.quality.words import error_percent
from benches.talking import Talker
from tests.sounds import silence, tone

MICROPHONE_AT = 1_000.0


def clip(text: str, path: Path = Path("none")) -> Clip:
    return Clip("en", text, text, path)


def message(at: float, kind: str, utterance_id: int, **fields: Any) -> tuple[float, dict[str, Any]]:
    return MICROPHONE_AT + at, {"type": kind, "utterance_id": utterance_id, **fields}


HEARD = [
    message(1.5, "speech_started", 1, at_seconds=0.9),
    message(2.5, "partial", 1, revision=1, stable="", unstable="the trade had"),
    message(3.0, "partial", 1, revision=2, stable="the", unstable="train"),
    message(4.5, "transcript", 1, text="The train had left."),
    message(4.75, "translation", 1, translated="El tren había salido."),
    message(6.5, "speech_started", 2, at_seconds=6.1),
    message(9.0, "transcript", 2, text="Yes."),
]
STREAM = Stream(b"", (Spoken(clip("The train had left."), 1.0, 3.0), Spoken(clip("Yes"), 6.0, 7.0)))


@pytest.fixture
def seen() -> list[Any]:
    client = Talker(SimpleNamespace(), heard=list(HEARD))  # type: ignore[arg-type]
    return sightings(STREAM, client, MICROPHONE_AT)


def test_delays_run_from_the_voice_and_not_from_its_detection(seen: list[Any]) -> None:
    first, second = seen
    assert (first.first_partial, first.final, first.translation) == (1.5, 1.5, 1.75)
    assert (second.first_partial, second.final, second.translation) == (None, 2.0, None)


def test_words_taken_back_are_counted_up_to_the_final(seen: list[Any]) -> None:
    assert [(one.erased, one.words) for one in seen] == [(2, 4), (0, 1)]


def test_each_clip_has_its_own_words(seen: list[Any]) -> None:
    assert [one.text for one in seen] == ["The train had left.", "Yes."]


def test_a_voice_is_where_it_is_loud() -> None:
    pcm = silence(0.5) + tone(440, 1.0) + silence(0.25)
    first, last = voiced(pcm)
    assert [first / 16_000, last / 16_000] == pytest.approx([0.5, 1.5], abs=0.01)


def test_a_stream_knows_where_each_clip_is_spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    sounds = {Path("a"): silence(0.5) + tone(440, 1.0), Path("b"): tone(440, 2.0) + silence(1)}
    monkeypatch.setattr("benches.quality.speech.decoded", sounds.__getitem__)
    stream = stream_of([clip("a", Path("a")), clip("b", Path("b"))], (0.7,))
    loud = np.abs(np.frombuffer(stream.pcm, "<i2").astype(int)) > 1_000
    for spoken in stream.spoken:
        begin, end = (round(16_000 * at) for at in (spoken.begin_seconds, spoken.end_seconds))
        assert loud[begin:end].mean() > 0.8
        assert not loud[begin - 8_000 : begin].any()
        assert not loud[end + 16 : end + 8_000].any()


def test_noise_is_as_far_below_as_it_is_said_to_be() -> None:
    pcm = tone(440, 1.0)
    noisy = in_noise(pcm, 10.0, np.random.default_rng(1))
    sound, both = (np.frombuffer(one, "<i2").astype(float) for one in (pcm, noisy))
    decibels = 10 * np.log10(np.mean(sound**2) / np.mean((both - sound) ** 2))
    assert decibels == pytest.approx(10.0, abs=0.2)


def test_what_was_not_heard_at_all_is_all_wrong() -> None:
    assert error_percent([("uno dos", "")], "es") == 100.0
