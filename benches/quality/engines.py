"""The transcriber that people use, recording in a file how long each of its calls took."""

import os
import struct
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benches.engines import PROBE_VARIABLE
from sessions_app.core.events import Transcript
from sessions_app.engines.speech.faster_whisper import FasterWhisperTranscriber

NOTE = struct.Struct("<?d")
"""Of one call: whether it was for a final, and the seconds that it took."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the engine."""

    is_final: bool
    seconds: float


class NotedWhisper(FasterWhisperTranscriber):
    """Whisper, with a record of each call."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._looked: tuple[bytes, float] = (b"", 0.0)
        path = os.environ[PROBE_VARIABLE]
        self._notes = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
        """Return the words in ``pcm``; record how long that took, with its language."""
        began_at = time.monotonic()
        transcript = await super().transcribe(pcm, language=language, final=final)
        took = time.monotonic() - began_at
        if pcm is self._looked[0]:
            took += self._looked[1]
        os.write(self._notes, NOTE.pack(final, took))
        return transcript

    async def language_probabilities(self, pcm: bytes) -> Mapping[str, float]:
        """Return the probabilities of ``es`` and ``en``; the time counts with that of the words."""
        began_at = time.monotonic()
        found = await super().language_probabilities(pcm)
        self._looked = (pcm, time.monotonic() - began_at)
        return found


def calls(path: Path) -> Iterator[Call]:
    """Yield the calls recorded in ``path``."""
    for is_final, seconds in NOTE.iter_unpack(path.read_bytes()):
        yield Call(is_final, seconds)
