"""Engines that load, and then return nothing."""

from typing import Any

from sessions_app.core.events import Direction, Transcript, Translation, TranslationRequest
from sessions_app.engines.fake import FakeTranscriber, FakeTranslator


class Deaf(FakeTranscriber):
    """A transcriber that finds no words, until it does."""

    hears = False

    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
        heard = await super().transcribe(pcm, language=language, final=final)
        return heard if self.hears else Transcript("", heard.language)


class Mute(FakeTranslator):
    """Returns an empty translation for everything."""

    async def translate(self, request: TranslationRequest) -> Translation:
        return Translation("")


class Faulty(FakeTranscriber):
    """Has a bug, with a secret in it."""

    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
        raise KeyError("/srv/secret")


class Buggy(FakeTranslator):
    """Has a bug."""

    async def translate(self, request: TranslationRequest) -> Translation:
        raise ValueError("/srv/secret")


class Careless(FakeTranslator):
    """Returns what is no Translation."""

    needs_no_judging = False

    async def translate(self, request: TranslationRequest) -> Any:
        return request.text.upper()


class CarelessEar(FakeTranscriber):
    """Returns what is no Transcript."""

    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Any:
        return "hello"


class OneWay(FakeTranslator):
    """Translates Spanish only."""

    directions = frozenset({Direction.ES_TO_EN})


class Spanish(Deaf):
    """Finds words in Spanish only, and has no sound for the self-test."""

    def __init__(self) -> None:
        super().__init__(languages=["es"])
        self.sample = b""
