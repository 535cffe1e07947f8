"""Engines without models: tones stand for words. For tests and demonstrations."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np
import numpy.typing as npt

from sessions_app.engines.base import (
    FRAME_SAMPLES,
    SAMPLE_RATE,
    Detector,
    Direction,
    EngineError,
    EngineUnavailableError,
    SpokenWord,
    Transcriber,
    Transcript,
    Translation,
    TranslationRequest,
    Translator,
)

SPANISH = ("hola", "mundo", "la", "casa", "es", "roja", "quiero", "agua", "sí", "no", "gracias")
ENGLISH = ("hello", "world", "the", "house", "is", "red", "want", "water", "yes", "not", "thanks")
PITCHES = {word: 400 + 120 * i for i, word in enumerate(SPANISH + ENGLISH)}
"""The frequency, in Hz, that stands for each word."""
LOUD = 500
"""Root mean square above which a frame counts as speech, of 32,768."""
WINDOW = 400
"""Samples (25 ms) over which a pitch is measured."""
SHORTEST_WORD = 3
"""How many windows a tone must last to count as a word."""


class FakeDetectorStream:
    """Tells loud frames from quiet ones."""

    def __init__(self) -> None:
        self._rest = b""

    def probabilities(self, pcm: bytes) -> Sequence[float]:
        """Return 1.0 for each loud frame and 0.0 for each quiet one."""
        samples = np.frombuffer(self._rest + pcm, dtype="<i2")
        whole = len(samples) // FRAME_SAMPLES * FRAME_SAMPLES
        self._rest = samples[whole:].tobytes()
        frames = samples[:whole].reshape(-1, FRAME_SAMPLES).astype(np.float32)
        loudness = np.sqrt((frames**2).mean(axis=1))
        return [float(value > LOUD) for value in loudness]


class FakeDetector(Detector):
    """Treats every loud sound as speech."""

    def stream(self) -> FakeDetectorStream:
        """Return new state for one source."""
        return FakeDetectorStream()


class FakeTranscriber(Transcriber):
    """Hears one word in each tone whose pitch is in PITCHES.

    ``delay_seconds`` is how long every call takes, ``load_seconds`` how long loading takes. A piece
    that contains ``failing_word`` fails; if ``broken``, loading fails. A sentence ends after each
    of ``last_words``; where there are any, finals have the times of their words.
    """

    is_interruptible = True

    def __init__(
        self,
        *,
        languages: Sequence[str] = ("es", "en"),
        delay_seconds: float = 0.0,
        load_seconds: float = 0.0,
        failing_word: str = "",
        broken: bool = False,
        parallel: int = 1,
        last_words: Sequence[str] = (),
    ) -> None:
        self.languages = frozenset(languages)
        self.parallel = parallel
        self.sample = tone_of(ENGLISH[0] if "en" in self.languages else SPANISH[0])
        self._delay_seconds = delay_seconds
        self._load_seconds = load_seconds
        self._failing_word = failing_word
        self._broken = broken
        self._last_words = frozenset(last_words)
        self.gives_word_times = bool(last_words)
        self._closed = False

    async def load(self) -> None:
        """Take ``load_seconds``, then be ready, or fail if ``broken``."""
        await asyncio.sleep(self._load_seconds)
        if self._broken:
            raise EngineUnavailableError("The fake transcriber was told to be broken.")

    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
        """Return the words whose tones are in ``pcm``."""
        if self._closed:
            raise EngineError("The fake transcriber is closed.")
        await asyncio.sleep(self._delay_seconds)
        heard = hear_words(pcm)
        words = [word.text for word in heard]
        if self._failing_word and self._failing_word in words:
            raise EngineError("The fake transcriber was told to fail on this word.")
        language = language or _language(words, self.languages)
        if not self._last_words:
            return Transcript(" ".join(words), language)
        written = tuple(self._written(heard))
        text = "".join(word.text for word in written).strip()
        return Transcript(text, language, words=written if final else ())

    def _written(self, heard: Sequence[SpokenWord]) -> Iterator[SpokenWord]:
        """Yield the words as they are written in sentences."""
        begins = True
        for word in heard:
            text = word.text.capitalize() if begins else word.text
            begins = word.text in self._last_words
            yield replace(word, text=f" {text}{'.' * begins}")

    async def language_probabilities(self, pcm: bytes) -> Mapping[str, float]:
        """Return the share of Spanish and of English words."""
        words = hear(pcm)
        spanish = sum(word in SPANISH for word in words) / len(words) if words else 0.5
        return {"es": spanish, "en": 1 - spanish}

    async def aclose(self) -> None:
        """Refuse any further work."""
        self._closed = True


class FakeTranslator(Translator):
    """Translates word by word what FakeTranscriber can hear, and leaves all else unchanged."""

    needs_no_judging = True
    """Words that are left unchanged are an intended echo."""

    def __init__(
        self, *, delay_seconds: float = 0.0, failing_word: str = "", broken: bool = False
    ) -> None:
        self._delay_seconds = delay_seconds
        self._failing_word = failing_word
        self._broken = broken
        self._closed = False

    async def load(self) -> None:
        """Be ready at once, or fail if ``broken``."""
        if self._broken:
            raise EngineUnavailableError("The fake translator was told to be broken.")

    async def translate(self, request: TranslationRequest) -> Translation:
        """Return the words in the other language."""
        if self._closed:
            raise EngineError("The fake translator is closed.")
        await asyncio.sleep(self._delay_seconds)
        words = request.text.split()
        if self._failing_word and self._failing_word in words:
            raise EngineError("The fake translator was told to fail on this word.")
        pairs = dict(zip(SPANISH, ENGLISH, strict=True))
        if request.direction is Direction.EN_TO_ES:
            pairs = {en: es for es, en in pairs.items()}
        return Translation(" ".join(_translated(word, pairs) for word in words), engine="fake")

    async def aclose(self) -> None:
        """Refuse any further work."""
        self._closed = True


def tone_of(word: str) -> bytes:
    """Return a quarter of a second of the tone that stands for ``word`` (16 kHz mono s16le)."""
    t = np.arange(SAMPLE_RATE // 4) / SAMPLE_RATE
    tone: bytes = (8000 * np.sin(2 * np.pi * PITCHES[word] * t)).astype("<i2").tobytes()
    return tone


def _translated(word: str, pairs: Mapping[str, str]) -> str:
    bare = word.rstrip(".")
    return pairs[bare.lower()] + word[len(bare) :] if bare.lower() in pairs else word


def hear(pcm: bytes) -> list[str]:
    """Return the words whose tones are in ``pcm`` (16 kHz mono s16le), in order."""
    return [word.text for word in hear_words(pcm)]


def hear_words(pcm: bytes) -> list[SpokenWord]:
    """Return the same with the time of each."""
    samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], dtype="<i2").astype(np.float32)
    whole = len(samples) // WINDOW * WINDOW
    if not whole:
        return []
    heard = _words_by_window(samples[:whole].reshape(-1, WINDOW))
    found, at = [], 0
    for word, run in groupby(heard):
        begin, at = at, at + len(list(run))
        if word and at - begin >= SHORTEST_WORD:
            times = (begin * WINDOW / SAMPLE_RATE, at * WINDOW / SAMPLE_RATE)
            found.append(SpokenWord(word, *times))
    return found


def _words_by_window(windows: npt.NDArray[np.float32]) -> list[str]:
    loud = np.sqrt((windows**2).mean(axis=1)) > LOUD
    spectrum = np.abs(np.fft.rfft(windows * np.hanning(WINDOW), n=4 * WINDOW, axis=1))
    hertz = spectrum.argmax(axis=1) * SAMPLE_RATE / (4 * WINDOW)
    nearest = np.abs(hertz[:, None] - np.array(list(PITCHES.values()))[None, :]).argmin(axis=1)
    words = list(PITCHES)
    return [words[i] if is_loud else "" for i, is_loud in zip(nearest, loud, strict=True)]


def _language(words: list[str], languages: frozenset[str]) -> str:
    spanish = sum(word in SPANISH for word in words)
    likelier = "es" if 2 * spanish >= len(words) else "en"
    return likelier if likelier in languages else min(languages)
