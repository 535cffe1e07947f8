"""Engines without models: tones stand for words. For tests and demonstrations."""

import asyncio
from collections.abc import Mapping, Sequence
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
    that contains ``failing_word`` fails; if ``broken``, loading fails.
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
    ) -> None:
        self.languages = frozenset(languages)
        self.parallel = parallel
        self.sample = tone_of(ENGLISH[0] if "en" in self.languages else SPANISH[0])
        self._delay_seconds = delay_seconds
        self._load_seconds = load_seconds
        self._failing_word = failing_word
        self._broken = broken
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
        words = hear(pcm)
        if self._failing_word and self._failing_word in words:
            raise EngineError("The fake transcriber was told to fail on this word.")
        return Transcript(" ".join(words), language or _language(words, self.languages))

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
        return Translation(" ".join(pairs.get(w.lower(), w) for w in words), engine="fake")

    async def aclose(self) -> None:
        """Refuse any further work."""
        self._closed = True


def tone_of(word: str) -> bytes:
    """Return a quarter of a second of the tone that stands for ``word`` (16 kHz mono s16le)."""
    t = np.arange(SAMPLE_RATE // 4) / SAMPLE_RATE
    tone: bytes = (8000 * np.sin(2 * np.pi * PITCHES[word] * t)).astype("<i2").tobytes()
    return tone


def hear(pcm: bytes) -> list[str]:
    """Return the words whose tones are in ``pcm`` (16 kHz mono s16le), in order."""
    samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], dtype="<i2").astype(np.float32)
    whole = len(samples) // WINDOW * WINDOW
    if not whole:
        return []
    heard = _words_by_window(samples[:whole].reshape(-1, WINDOW))
    runs = [(word, len(list(run))) for word, run in groupby(heard)]
    return [word for word, length in runs if word and length >= SHORTEST_WORD]


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
