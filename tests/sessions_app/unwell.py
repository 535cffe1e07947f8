"""Engines that load, and then bring nothing."""

from sessions_app.core.events import Transcript, Translation, TranslationRequest
from sessions_app.engines.fake import FakeTranscriber, FakeTranslator


class Deaf(FakeTranscriber):
    """Hears nothing, until it does."""

    hears = False

    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
        heard = await super().transcribe(pcm, language=language, final=final)
        return heard if self.hears else Transcript("", heard.language)


class Mute(FakeTranslator):
    """Translates everything into nothing."""

    async def translate(self, request: TranslationRequest) -> Translation:
        return Translation("")


class Faulty(FakeTranscriber):
    """Has a bug, with a secret in it."""

    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
        raise KeyError("/srv/secret")
