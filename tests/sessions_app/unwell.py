"""Engines that load, and then return nothing."""

from sessions_app.core.events import Transcript, Translation, TranslationRequest
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
