"""A transcriber that ends sentences, and a translator that records its requests and their times."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from sessions_app.core.errors import EngineError
from sessions_app.core.events import (
    Event,
    SpeechEnded,
    Transcript,
    Translation,
    TranslationRequest,
    Usage,
)
from sessions_app.engines.base import Translator
from sessions_app.engines.fake import ENGLISH, SPANISH, FakeTranscriber

PAIRS = dict(zip(SPANISH, ENGLISH, strict=True))
TWO, TWO_TRANSLATED = "hola mundo. la casa es roja.", "hello world. the house is red."
FIRST, SECOND = "hola mundo.", "la casa es roja."


class Punctuating(FakeTranscriber):
    """Ends a sentence after some words."""

    def __init__(self, *, is_interruptible: bool = True) -> None:
        super().__init__()
        self.is_interruptible = is_interruptible

    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
        await asyncio.sleep(0)
        heard = await super().transcribe(pcm, language=language, final=final)
        words = [f"{word}." if word in ("mundo", "roja") else word for word in heard.text.split()]
        return replace(heard, text=" ".join(words))


class Patient(Translator):
    """Translates word by word, and records what it was asked and when."""

    def __init__(self, *, drafts: bool = True, failures: int = 0, bugs: int = 0) -> None:
        self.asked: list[str] = []
        self.before: list[Sequence[str]] = []
        self.is_ahead: list[bool] = []
        """For each request, whether the speech was still going on."""
        self.cancelled: list[str] = []
        self.cancelled_ahead: list[bool] = []
        self.told: list[Event] = []
        self.hangs: set[str] = set()
        """Texts that are answered only once it ``goes_on``."""
        self.goes_on = asyncio.Event()
        self.speakers: list[str | None] = []
        self.engines = {"": "patient"}
        """Translations by their source text."""
        self._drafts = drafts
        self._failures = failures
        self._bugs = bugs

    async def translate_ahead(self, request: TranslationRequest) -> Translation | None:
        return await self.translate(request) if self._drafts else None

    async def translate(self, request: TranslationRequest) -> Translation:
        self.asked.append(request.text)
        self.speakers.append(request.speaker)
        self.before.append([said.source for said in request.context])
        self.is_ahead.append(not self.is_over)
        try:
            if request.text in self.hangs:
                await self.goes_on.wait()
            else:
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.cancelled.append(request.text)
            self.cancelled_ahead.append(not self.is_over)
            raise
        if len(self.asked) <= self._failures:
            raise EngineError("It was told to fail.")
        if len(self.asked) <= self._bugs:
            raise ZeroDivisionError
        words = [_translated(word) for word in request.text.split()]
        engine = self.engines.get(request.text, self.engines[""])
        return Translation(" ".join(words), engine=engine, usage=Usage(10, 2, 0.5))

    @property
    def is_over(self) -> bool:
        """Whether the speech has ended."""
        return any(isinstance(event, SpeechEnded) for event in self.told)


def _translated(word: str) -> str:
    return PAIRS[word.rstrip(".")] + "." * word.endswith(".")
