"""A transcriber that fails, or is slow, as long as a file is there."""

import asyncio
import json
from pathlib import Path

from sessions_app.core.events import Transcript
from sessions_app.engines.base import EngineError
from sessions_app.engines.fake import FakeTranscriber

SLOW_SECONDS = 600.0


class Moody(FakeTranscriber):
    """Hears as the fake one does, but not while the file ``mood`` is there.

    Then it fails, or takes for ever if ``is_slow``.
    """

    def __init__(self, *, mood: str, is_slow: bool = False) -> None:
        super().__init__()
        self._mood = Path(mood)
        self._is_slow = is_slow

    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
        if self._mood.exists():
            if not self._is_slow:
                raise EngineError("The fake transcriber is in a bad mood.")
            await asyncio.sleep(SLOW_SECONDS)
        return await super().transcribe(pcm, language=language, final=final)


def moody(mood: Path, *, is_slow: bool = False) -> str:
    """Return the setting of a transcriber that does not work while ``mood`` is there."""
    options = {"mood": str(mood), "is_slow": is_slow}
    return json.dumps({"BACKEND": f"{__name__}.Moody", "OPTIONS": options})
