"""The way of `transcribe`: files, one after the other, on engines that are loaded once."""

import contextlib
import tempfile
import time
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from benches.quality.live_pipeline import DIRECTIONS, HeardLive, hear_live
from sessions_app.core.audio import SAMPLE_RATE
from sessions_app.core.events import Exchange, Manner, Mode
from sessions_app.engines.choices import EngineChoice, EngineSettings
from sessions_app.live.generations import Generation
from sessions_app.live.offline import OfflineResult, hear_file, opened


@dataclass(frozen=True, slots=True)
class Heard:
    """The exchanges of a piece of sound."""

    exchanges: tuple[Exchange, ...]
    seconds: float
    """How long it took."""

    @property
    def text(self) -> str:
        """Return all the words."""
        return " ".join(exchange.source for exchange in self.exchanges)

    @property
    def languages(self) -> set[str]:
        """Return the languages that were found."""
        return {exchange.language for exchange in self.exchanges}


class Transcribing:
    """The path of `transcribe`: a file, decoded in a process of its own, through the pipeline."""

    def __init__(self, generation: Generation, directory: Path) -> None:
        self._generation = generation
        self._path = directory / "sound.wav"

    async def hear(self, pcm: bytes, language: str | None = None) -> Heard:
        """Return what is said in ``pcm``; without a ``language`` it is found.

        Raises:
            RuntimeError, EngineError: some of it could not be transcribed.
        """
        write_wav(self._path, pcm)
        manner = Manner(DIRECTIONS[language], Mode.CONVERSATION)
        began_at = time.perf_counter()
        result = OfflineResult()
        await hear_file(self._path, self._generation, manner, result)
        if result.problem is not None:
            raise result.problem
        if result.failures:
            raise RuntimeError(result.failures[0].message)
        return Heard(tuple(result.exchanges), time.perf_counter() - began_at)

    async def hear_live(self, pcm: bytes, language: str) -> HeardLive:
        """Return what a live session makes of ``pcm``, as fast as the engine can."""
        return await hear_live(self._generation, pcm, language)


@contextlib.asynccontextmanager
async def transcribing(weights: Path) -> AsyncIterator[Transcribing]:
    """Load the model in ``weights``, without a translator."""
    settings = EngineSettings(
        EngineChoice("faster-whisper", {"model": str(weights)}),
        EngineChoice("none"),
        EngineChoice(),
        weights.parent,
    )
    with tempfile.TemporaryDirectory(prefix="habla-quality-") as directory:
        async with opened(settings, lambda _step, _fraction: None) as generation:
            yield Transcribing(generation, Path(directory))


def write_wav(path: Path, pcm: bytes) -> None:
    """Write ``pcm`` as a file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(pcm)


def _nobody(_: object) -> None:
    """Accept an event, and do nothing with it."""
