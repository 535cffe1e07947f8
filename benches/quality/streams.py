"""Clips one after the other in one stream, with the positions where each begins and ends."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from benches.quality.speech import Clip
from sessions_app.core.audio import SAMPLE_RATE, count_samples, to_samples, to_seconds

ROOM_NOISE = 12.0
"""The amplitude of a quiet room, as a standard deviation."""
EDGE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Spoken:
    """A clip's position in a stream, from the first sound of the voice to the last."""

    clip: Clip
    begin_seconds: float
    end_seconds: float

    def holds(self, seconds: float, margin: float = 0.0) -> bool:
        """Return whether ``seconds`` lies within it, at least ``margin`` away from its ends."""
        return self.begin_seconds + margin < seconds < self.end_seconds - margin

    def meets(self, begin_seconds: float, end_seconds: float) -> bool:
        """Return whether the other stretch overlaps this one."""
        return begin_seconds < self.end_seconds and end_seconds > self.begin_seconds


@dataclass(frozen=True, slots=True)
class Stream:
    """Sound, with the positions of its clips."""

    pcm: bytes
    spoken: tuple[Spoken, ...]

    @property
    def seconds(self) -> float:
        """Return how long it is."""
        return to_seconds(count_samples(self.pcm))

    @property
    def text(self) -> str:
        """Return everything that is said."""
        return " ".join(spoken.clip.text for spoken in self.spoken)


def stream_of(clips: Iterable[Clip], pauses: Sequence[float], seed: int = 1) -> Stream:
    """Return ``clips`` with ``pauses`` (seconds) between, which are used in turn."""
    random = np.random.default_rng(seed)
    pieces, spoken = [room(EDGE_SECONDS, random)], []
    at = EDGE_SECONDS
    for clip, pause in zip(clips, itertools.cycle(pauses), strict=False):
        voice = clip.voice
        end = at + to_seconds(count_samples(voice))
        spoken.append(Spoken(clip, at, end))
        pieces += [voice, room(pause, random)]
        at = end + to_seconds(to_samples(pause))
    return Stream(b"".join([*pieces, room(EDGE_SECONDS, random)]), tuple(spoken))


def room(seconds: float, random: np.random.Generator) -> bytes:
    """Return the noise of a quiet room."""
    return noise(seconds, ROOM_NOISE, random)


def noise(seconds: float, amplitude: float, random: np.random.Generator) -> bytes:
    """Return white noise; ``amplitude`` is its standard deviation."""
    return to_pcm(random.normal(0, amplitude, to_samples(seconds)))


def in_noise(pcm: bytes, decibels: float, random: np.random.Generator) -> bytes:
    """Return ``pcm`` with white noise that is ``decibels`` below it."""
    samples = np.frombuffer(pcm, "<i2").astype(np.float64)
    power = float(np.mean(samples**2)) / 10 ** (decibels / 10)
    return to_pcm(samples + random.normal(0, power**0.5, len(samples)))


def to_pcm(samples: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> bytes:
    """Return ``samples`` as s16le, clipped where they are too loud."""
    return np.clip(np.round(samples), -32_768, 32_767).astype("<i2").tobytes()


def seconds_of(samples: int) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Return the time of each of ``samples`` samples."""
    return np.arange(samples) / SAMPLE_RATE
