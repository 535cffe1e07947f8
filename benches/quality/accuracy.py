"""Word error rate by language and mode, and how long transcribing takes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from benches.quality.figures import Measured
from benches.quality.speech import VOICES, Clip, sentences
from benches.quality.streams import in_noise
from benches.quality.tools import Tools
from benches.quality.words import Pair, error_percent

NOISE_DECIBELS = 10.0
NOISY_SHARE = 2
"""One of so many clips is transcribed in noise too."""
TOLERANCE = 1.5
"""Tolerance, in percent of the words: another processor rounds differently."""


@dataclass(slots=True)
class Tally:
    """What was said in clips, and what was transcribed."""

    pairs: list[Pair] = field(default_factory=list)
    seconds: float = 0.0
    """How long transcribing took."""

    def note(self, clip: Clip, text: str, seconds: float) -> None:
        """Add the transcript of a clip."""
        self.pairs.append((clip.text, text))
        self.seconds += seconds


async def measure(tools: Tools) -> list[Measured]:
    """Return the figures of both languages."""
    return [figure for language in VOICES for figure in await _of(tools, language)]


async def _of(tools: Tools, language: str) -> list[Measured]:
    found = sentences(language, tools.clips)
    seconds = sum(clip.seconds for clip in found)
    told, auto = await habla(tools, found, language)
    plain, plain_auto = _plain(tools, found, language), _plain(tools, found, None)
    noisy, plain_noisy = await _noisy(tools, found[::NOISY_SHARE], language)
    return [
        *_pair(f"{language}, {len(found)} sentences, language told", language, told, plain),
        *_pair(f"{language}, the same, auto", language, auto, plain_auto),
        *_pair(f"{language}, in noise {NOISE_DECIBELS:g} dB below", language, noisy, plain_noisy),
        Measured(
            f"{language}, time for a second of a clip",
            told.seconds / seconds,
            "s",
            needs_quiet=True,
        ),
        Measured(f"{language}, the same, plain", plain.seconds / seconds, "s", needs_quiet=True),
    ]


def _pair(name: str, language: str, ours: Tally, plain: Tally) -> list[Measured]:
    return [
        Measured(f"{name}: wrong words", error_percent(ours.pairs, language), "%", TOLERANCE),
        Measured(f"{name}: plain", error_percent(plain.pairs, language), "%"),
    ]


async def habla(tools: Tools, found: Sequence[Clip], language: str) -> tuple[Tally, Tally]:
    """Return the transcripts of the clips with their language given, and without."""
    told, auto = Tally(), Tally()
    for clip in found:
        # the engine encodes a piece once that it transcribes twice in a row
        for tally, named in ((told, language), (auto, None)):
            heard = await tools.transcribing.hear(clip.pcm, named)
            tally.note(clip, heard.text, heard.seconds)
    return told, auto


def _plain(tools: Tools, found: Sequence[Clip], language: str | None) -> Tally:
    tally = Tally()
    for clip in found:
        answer = tools.plain.hear(clip.pcm, language)
        tally.note(clip, answer.text, answer.seconds)
    return tally


async def _noisy(tools: Tools, found: Sequence[Clip], language: str) -> tuple[Tally, Tally]:
    random = np.random.default_rng(1)
    ours, plain = Tally(), Tally()
    for clip in found:
        pcm = in_noise(clip.pcm, NOISE_DECIBELS, random)
        heard = await tools.transcribing.hear(pcm, language)
        ours.note(clip, heard.text, heard.seconds)
        answer = tools.plain.hear(pcm, language)
        plain.note(clip, answer.text, answer.seconds)
    return ours, plain
