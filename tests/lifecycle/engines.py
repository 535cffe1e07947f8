"""Engines whose failures a test controls, also in a server, named by their dotted path."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sessions_app.core.errors import EngineUnavailableError
from sessions_app.core.events import Transcript
from sessions_app.engines.fake import FakeTranscriber

STUCK = "tests.lifecycle.engines.StuckTranscriber"
MOODY = "tests.lifecycle.engines.MoodyTranscriber"
FICKLE = "tests.lifecycle.engines.FickleTranscriber"


class StuckTranscriber(FakeTranscriber):
    """Never finishes sound with the word agua."""

    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
        transcript = await super().transcribe(pcm, language=language, final=final)
        if "agua" in transcript.text:
            await asyncio.Event().wait()
        return transcript


class FickleTranscriber(FakeTranscriber):
    """Cannot be loaded while the file ``obstacle`` is there."""

    def __init__(self, *, obstacle: str, **options: Any) -> None:
        super().__init__(**options)
        self._obstacle = Path(obstacle)

    async def load(self) -> None:
        await super().load()
        if await asyncio.to_thread(self._obstacle.exists):
            raise EngineUnavailableError("The fickle transcriber does not feel like it.")


class MoodyTranscriber(FakeTranscriber):
    """Has a bug that shows when a session is assembled, while a file says so."""

    _is_in_bad_mood = False

    @property
    def languages(self) -> frozenset[str]:
        if self._is_in_bad_mood:
            raise RuntimeError("/srv/secret")
        return self._languages

    @languages.setter
    def languages(self, value: frozenset[str]) -> None:
        self._languages = value

    @classmethod
    @contextmanager
    def in_bad_mood(cls) -> Iterator[None]:
        cls._is_in_bad_mood = True
        try:
            yield
        finally:
            cls._is_in_bad_mood = False
