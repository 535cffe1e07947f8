"""Whisper's figures about its words: summed up, and a second try where it is unsure."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sessions_app.core.audio import SAMPLE_RATE
from sessions_app.core.events import SpokenWord, Transcript
from sessions_app.engines.speech.whisper_model import Samples, WhisperOptions, WhisperRunner
from sessions_app.engines.speech.whisper_transcripts import said_once, summarise


@dataclass
class Heard:
    """A segment, with what the library says of it."""

    text: str
    avg_logprob: float
    no_speech_prob: float = 0.0
    compression_ratio: float = 1.0
    tokens: list[int] = field(default_factory=list)


def test_segments_weigh_as_many_tokens_as_they_have() -> None:
    long = Heard(" Buenos días.", -0.2, 0.1, 1.2, [1] * 9)
    short = Heard(" Eh.", -1.2, 0.6, 0.8, [1])
    transcript = summarise([long, short], "es")
    assert transcript.text == "Buenos días. Eh."
    assert transcript.average_log_probability == pytest.approx(-0.3)
    assert transcript.no_speech_probability == pytest.approx(0.15)
    assert transcript.compression_ratio == 1.2
    assert transcript.confidence == pytest.approx(0.741, abs=1e-3)


def test_words_that_were_heard_three_times_in_a_row_have_no_times() -> None:
    words = [SpokenWord(" Eh,", 0.0, 0.4), SpokenWord(" eh,", 0.9, 1.0), SpokenWord(" eh.", 2, 3)]
    once = said_once(summarise([Heard(" Eh, eh, eh.", -0.2)], "es", words))
    assert once is not None
    assert (once.text, once.words) == ("Eh", ())


def test_no_segments_are_silence() -> None:
    assert summarise([], "es") == Transcript("", "es", 0.0, no_speech_probability=1.0)


@pytest.mark.parametrize(
    ("heard", "once"),
    [
        ("Uno, uno, uno...", "Uno"),
        ("¡Dos! ¡Dos! ¡Dos!", "¡Dos!"),
        ("Ciento dos, ciento dos, ciento dos.", "Ciento dos"),
        ("Uno, uno, dos.", None),
        ("Uno, uno.", None),
        ("Uno, uno, uno, uno.", None),
        ("... ... ...", None),
        ("", None),
    ],
)
def test_what_is_said_each_time_is_found(heard: str, once: str | None) -> None:
    found = said_once(Transcript(heard, "es", 0.6, average_log_probability=-0.5))
    assert (found.text if found else None) == once
    assert found is None or found.average_log_probability == -0.5


class Library:
    """A fake faster-whisper, with its answers to a sound, and to longer ones."""

    model = SimpleNamespace(is_multilingual=True)
    words = ()

    def __init__(self, once: Heard, in_a_row: Heard) -> None:
        self.seconds: list[float] = []
        """How long each sound was that it was given."""
        self._once = once
        self._in_a_row = in_a_row

    @contextmanager
    def doing(self, *_: object) -> Iterator[None]:
        yield

    def transcribe(self, samples: Samples, **_: object) -> tuple[list[Heard], None]:
        self.seconds.append(len(samples) / SAMPLE_RATE)
        return [self._once if len(self.seconds) == 1 else self._in_a_row], None


UNSURE, SURE = Heard("Oh, no.", -1.2), Heard("Hola.", -0.5)
ROW = Heard("Uno, uno, uno.", -0.6)


@pytest.mark.parametrize(
    ("once", "in_a_row", "seconds", "final", "text", "times"),
    [
        (UNSURE, ROW, 0.6, True, "Uno", 2),
        (Heard("", 0.0), ROW, 0.6, True, "Uno", 2),
        (Heard("no no no", -0.1, compression_ratio=9.0), ROW, 0.6, True, "Uno", 2),
        (UNSURE, Heard("Uno, dos, tres.", -0.6), 0.6, True, "Oh, no.", 2),
        (UNSURE, Heard("No, no, no.", -1.3), 0.6, True, "Oh, no.", 2),
        (UNSURE, Heard("Y, y, y.", -0.9, no_speech_prob=0.7), 0.6, True, "Oh, no.", 2),
        (SURE, ROW, 0.6, True, "Hola.", 1),
        (UNSURE, ROW, 0.6, False, "Oh, no.", 1),
        (UNSURE, ROW, 2.1, True, "Oh, no.", 1),
    ],
)
def test_a_short_final_that_is_unsure_is_heard_three_times_in_a_row(
    once: Heard, in_a_row: Heard, seconds: float, final: bool, text: str, times: int
) -> None:
    library: Any = Library(once, in_a_row)
    samples = np.ones(round(seconds * SAMPLE_RATE), np.float32)
    runner = WhisperRunner(library, WhisperOptions())
    assert runner.transcribe(samples, "es", final).text == text
    assert library.seconds[1:] == pytest.approx([3 * seconds] * (times - 1))
