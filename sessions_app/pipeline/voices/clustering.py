"""Voice prints given to voices, one after the other, as people speak.

A print points in the direction of its voice, less exactly the shorter the speech was. ``fit`` takes
that into account: it is about 1 between prints of one voice, however long they are, and less than
0.85 between those of two.
"""

import math
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

LEAST_SECONDS = 1.0
"""How long an utterance must be for its voice to be known, with the silence at its ends."""
LEAST_NEW_SECONDS = 2.1
"""How long it must be to be the first of a new voice, likewise."""
MOST_VOICES = 8
"""In one conversation; whoever comes then is taken for the most similar of them."""
SAME, NEW = 0.88, 0.87
"""From which fit on an utterance is a voice's own, and below which it is nobody's that is known."""
DOUBT = 0.45
"""How much lower NEW is, for each unit of inexactness of both prints."""
JOIN = 0.94
"""From which fit on two voices are one."""
LEAST_JOINED = 2
"""How many utterances each of them must have."""
NEAR = 0.05
"""How much worse than the best voice the last speaker may fit and still be who goes on."""
LANGUAGE = 0.02
"""How much better a voice fits that has spoken this language before, and worse one that has not."""
COUNTED_SECONDS = 4.0
"""What an utterance weighs at most in the print of its voice."""


def exactness(seconds: float) -> float:
    """Return how near, as a cosine, the print of so much speech is to that of its voice."""
    return 0.93 - 0.12 * math.exp(-max(0.0, seconds - LEAST_SECONDS) / 1.5)


@dataclass(frozen=True, eq=False)
class Voice:
    """A voice, as far as it was heard."""

    number: int
    total: Floats
    """Its prints, each with the weight of its utterance, added up."""
    weight: float
    spread: float
    """How inexact they are together: their variances, weighted like them."""
    count: int = 1
    languages: Counter[str] = field(default_factory=Counter)

    @cached_property
    def print(self) -> Floats:
        """Return its print, a unit vector."""
        return self.total / np.float32(np.linalg.norm(self.total))

    @cached_property
    def exactness(self) -> float:
        """Return how near its print is to that of all that it will ever say."""
        return 1 / math.sqrt(1 + self.spread / self.weight**2)

    def __add__(self, other: "Voice") -> "Voice":
        """Return it with all that another one said."""
        return Voice(
            self.number,
            self.total + other.total,
            self.weight + other.weight,
            self.spread + other.spread,
            self.count + other.count,
            self.languages + other.languages,
        )


def heard(number: int, voice_print: Floats, seconds: float, language: str = "") -> Voice:
    """Return a voice of which one utterance is known."""
    weight = min(seconds, COUNTED_SECONDS)
    near = exactness(seconds)
    spread = weight**2 * (1 / near**2 - 1)
    languages = Counter([language] if language else [])
    return Voice(number, voice_print * np.float32(weight), weight, spread, 1, languages)


def fit(one: Voice, other: Voice) -> float:
    """Return how well two voices fit to be one: about 1 if they are."""
    return float(one.print @ other.print) / (one.exactness * other.exactness)


@dataclass(frozen=True, slots=True)
class Placed:
    """To which voice an utterance was given."""

    number: int
    """Of the voice: 1, 2, 3, ... in the order in which they were first heard."""
    is_sure: bool = True
    joined: tuple[tuple[int, int], ...] = ()
    """Voices that turned out to be another one: each the number that is gone, and whose it was."""


class Voices:
    """The voices of one conversation, in the order in which they were first heard."""

    def __init__(self, most: int = MOST_VOICES) -> None:
        self._most = most
        self._voices: list[Voice] = []
        self._newest = 0
        self.last: int | None = None
        """The number of whoever spoke last; None: nobody yet."""

    @property
    def numbers(self) -> list[int]:
        """Return the numbers of all voices."""
        return [voice.number for voice in self._voices]

    def place(self, voice_print: Floats, seconds: float, language: str = "") -> Placed:
        """Return whose voice it is, and learn from it."""
        new = heard(self._newest + 1, voice_print, seconds, language)
        found, is_sure = self._whose(new, seconds, language)
        if found is None:
            self._voices.append(new)
            self._newest = new.number
            self.last = new.number
            return Placed(new.number)
        if is_sure:
            self._voices[self._voices.index(found)] = found + new
        joined = self._join() if is_sure else ()
        self.last = dict(joined).get(found.number, found.number)
        return Placed(self.last, is_sure, joined)

    def _whose(self, new: Voice, seconds: float, language: str) -> tuple[Voice | None, bool]:
        """Return whose it is, None: a new one's; and whether that is sure."""
        if not self._voices:
            return None, True
        fits = [(fit(voice, new) + _of_language(voice, language), voice) for voice in self._voices]
        best, voice = max(fits, key=lambda each: each[0])
        if best >= SAME:
            return voice, True
        is_full = len(self._voices) >= self._most
        doubt = DOUBT * (2 - voice.exactness - new.exactness)
        if best < NEW - doubt and seconds >= LEAST_NEW_SECONDS and not is_full:
            return None, True
        last = next((each for each in fits if each[1].number == self.last), None)
        if last is not None and last[0] >= best - NEAR:
            voice = last[1]
        return voice, False

    def _join(self) -> tuple[tuple[int, int], ...]:
        """Make one voice of two that turned out to be the same."""
        for later in reversed(self._voices):
            for earlier in self._voices:
                if earlier is later:
                    break
                if min(earlier.count, later.count) < LEAST_JOINED or fit(earlier, later) < JOIN:
                    continue
                self._voices[self._voices.index(earlier)] = earlier + later
                self._voices.remove(later)
                return ((later.number, earlier.number),)
        return ()


def _of_language(voice: Voice, language: str) -> float:
    if not language or not voice.languages:
        return 0.0
    return LANGUAGE if voice.languages[language] else -LANGUAGE
