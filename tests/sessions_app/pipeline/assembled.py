"""The pipeline of one session on fake engines, without session or database."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace

from sessions_app.core.audio import Encoding
from sessions_app.core.errors import StoreError
from sessions_app.core.events import (
    Direction,
    EngineInfo,
    Event,
    Exchange,
    FinalTranscript,
    Manner,
    Mode,
)
from sessions_app.engines.base import Transcriber, Translator
from sessions_app.engines.decoding.pool import DecoderPool
from sessions_app.engines.fake import FakeDetector, FakeTranscriber, FakeTranslator
from sessions_app.engines.loading import Engines
from sessions_app.engines.scheduler import Scheduler
from sessions_app.pipeline.assembly import Assembly
from sessions_app.pipeline.batching_thread import BatchingThread
from sessions_app.pipeline.idioms.book import IdiomBook
from sessions_app.pipeline.listener import Listener
from sessions_app.pipeline.session_context import SessionContext
from sessions_app.pipeline.utterance import Utterance

SPANISH = Manner(Direction.ES_TO_EN, Mode.CONVERSATION)


class Equipment:
    """Fake engines, and what shares them out."""

    def __init__(self, transcriber: Transcriber, translator: Translator) -> None:
        infos = {"transcriber": EngineInfo("fake")}
        self.engines = Engines(transcriber, translator, FakeDetector(), infos)
        self.scheduler: Scheduler | None = Scheduler(transcriber)
        self.sound = BatchingThread("habla test sound")
        self.decoders = DecoderPool(lambda: 1)
        self.idioms = IdiomBook()

    async def aclose(self) -> None:
        """Release all of it."""
        await self.decoders.aclose()
        if self.scheduler is not None:
            await self.scheduler.aclose()
        self.sound.close()


class Assembled:
    """A pipeline, all its events, and all that it stored."""

    def __init__(self, equipment: Equipment, *, is_live: bool = True) -> None:
        self.told: list[Event] = []
        self.kept: list[Exchange] = []
        self.is_full = False
        """Whether the database refuses everything."""
        self.session = SessionContext(self.emit, self.keep, SPANISH, is_live=is_live)
        self.account = self.session.account
        self.assembly = Assembly(equipment, self.session)
        self.interpreter = self.assembly.interpreter

    async def emit(self, event: Event) -> None:
        self.told.append(event)

    async def keep(self, exchange: Exchange, utterance: Utterance) -> Exchange:
        if self.is_full:
            raise StoreError("The database could not keep this.")
        self.kept.append(replace(exchange, exchange_id=len(self.kept) + 1))
        return self.kept[-1]

    @property
    def finals(self) -> list[FinalTranscript]:
        return [event for event in self.told if isinstance(event, FinalTranscript)]

    @property
    def texts(self) -> list[str]:
        return [final.text for final in self.finals]

    async def type(self, text: str) -> None:
        """Have a typed sentence interpreted."""
        utterance = Utterance(self.interpreter.next_id(), self.session.manner, text=text)
        await self.interpreter.put(utterance)

    async def hear(
        self, chunks: Iterable[bytes], encoding: Encoding = Encoding.PCM_S16LE
    ) -> Listener:
        """Process one listening period, until all its results are there."""
        listener = await self.assembly.open_listener(encoding)
        try:
            for chunk in chunks:
                await listener.hear(chunk)
            await listener.finish()
        finally:
            await listener.close()
        await self.interpreter.join()
        return listener


@asynccontextmanager
async def assembled(
    transcriber: Transcriber | None = None,
    translator: Translator | None = None,
    *,
    is_ahead: bool = True,
    has_partials: bool = False,
    is_live: bool = True,
) -> AsyncIterator[Assembled]:
    """Run a pipeline, which works ahead of time or not; end its workers afterwards."""
    equipment = Equipment(transcriber or FakeTranscriber(), translator or FakeTranslator())
    whole = Assembled(equipment, is_live=is_live)
    workers = whole.assembly.workers()
    idle = set() if is_ahead else {"words ahead", "translations ahead"}
    for name in idle if has_partials else {"partials", *idle}:
        if name in workers:
            workers.pop(name).close()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work, name=f"habla {name}") for name, work in workers.items()]
        yield whole
        for task in tasks:
            task.cancel()
    whole.assembly.release()
    await equipment.aclose()
