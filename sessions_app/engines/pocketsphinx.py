"""Basic English recognition that needs no download: pocketsphinx and the model of its wheel."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from sessions_app.audio import SAMPLE_BYTES
from sessions_app.engines.plain_english import sentence
from sessions_app.engines.sphinx_process import SphinxProcess, WorkerLostError
from sessions_app.errors import EngineError
from sessions_app.events import Transcript

WAIT_SECONDS = 120.0
"""How long a piece may wait for a free worker."""
ATTEMPTS = 2
"""A piece whose worker died is given to a fresh one, once."""

MODESTY = 0.75
"""Its posteriors are too modest on real voices: of words at a mean of 0.3, two thirds are right."""


class PocketsphinxTranscriber:
    """Finds English words, in ``workers`` processes of about 120 MB each.

    The first is started by ``load``, the others when there is work for them. A transcript's
    confidence follows the mean posterior probability of its words: below 0.35 it is mostly noise.
    """

    languages = frozenset({"en"})

    def __init__(self, *, workers: int = 2) -> None:
        self.parallel = max(1, workers)
        """How many calls run at once."""
        self._workers = [SphinxProcess() for _ in range(self.parallel)]
        self._idle: asyncio.LifoQueue[SphinxProcess] = asyncio.LifoQueue()
        for worker in reversed(self._workers):
            self._idle.put_nowait(worker)
        self._closed = False

    async def load(self) -> None:
        """Start the first worker.

        Raises:
            EngineUnavailableError: pocketsphinx does not start here.
        """
        async with self._worker() as worker:
            await worker.start()

    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
        """Return the English words in ``pcm`` (16 kHz mono s16le); with a full stop if ``final``.

        Raises:
            EngineError: another language was asked for, or the recogniser failed.
        """
        if language not in (None, "en"):
            raise EngineError("pocketsphinx knows English only.")
        whole = pcm[: len(pcm) // SAMPLE_BYTES * SAMPLE_BYTES]
        async with self._worker() as worker:
            words = await self._hear(worker, whole, final=final)
        return to_transcript(words, final=final)

    async def aclose(self) -> None:
        """End all workers; what they were working at fails. May be called twice."""
        self._closed = True
        await asyncio.gather(*(worker.end() for worker in self._workers))

    @asynccontextmanager
    async def _worker(self) -> AsyncIterator[SphinxProcess]:
        self._check_open()
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                worker = await self._idle.get()
        except TimeoutError as error:
            raise EngineError("pocketsphinx has too much to do.") from error
        try:
            yield worker
        finally:
            self._idle.put_nowait(worker)
            if self._closed:
                await worker.end()

    async def _hear(
        self, worker: SphinxProcess, pcm: bytes, *, final: bool
    ) -> list[tuple[str, float]]:
        for _ in range(ATTEMPTS):
            self._check_open()
            try:
                return await worker.hear(pcm, final=final)
            except WorkerLostError as error:
                lost = error
        raise EngineError("pocketsphinx died twice at the same piece.") from lost

    def _check_open(self) -> None:
        if self._closed:
            raise EngineError("pocketsphinx is closed.")


def to_transcript(words: Sequence[tuple[str, float]], *, final: bool) -> Transcript:
    """Return ``words``, each with its posterior, as a transcript; a ``final`` is a sentence."""
    if not words:
        return Transcript("", "en", confidence=0.0)
    text = sentence(" ".join(word for word, _ in words), whole=final)
    mean = sum(posterior for _, posterior in words) / len(words)
    return Transcript(text, "en", confidence=min(1.0, mean) ** MODESTY)
