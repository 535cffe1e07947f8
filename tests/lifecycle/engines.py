"""Engines whose moods a test decides, also those of a server: named by their dotted path."""

import asyncio
from pathlib import Path
from typing import Any

from sessions_app.engines.fake import FakeTranscriber
from sessions_app.errors import EngineUnavailableError
from sessions_app.events import Transcript

STUCK = "tests.lifecycle.engines.StuckTranscriber"
FICKLE = "tests.lifecycle.engines.FickleTranscriber"


class StuckTranscriber(FakeTranscriber):
    """Never finishes what holds the word agua."""

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
