"""The pipeline of one session on fake engines, without session or database."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from sessions_app.core.audio import Encoding
from sessions_app.core.errors import StoreError
from sessions_app.core.events import Direction, Event, Exchange, FinalTranscript, Mode
from sessions_app.engines.base import Transcriber, Translator
from sessions_app.engines.decoding.decoders import open_decoder
from sessions_app.engines.fake import FakeDetector, FakeTranscriber, FakeTranslator
from sessions_app.engines.scheduler import Scheduler
from sessions_app.pipeline.account import Account
from sessions_app.pipeline.interpreter import Interpreter
from sessions_app.pipeline.listener import Listener
from sessions_app.pipeline.segmenter import SegmenterOptions
from sessions_app.pipeline.sound import Sound
from sessions_app.pipeline.speakers import Speakers
from sessions_app.pipeline.utterance import Manner, Utterance
from sessions_app.pipeline.workbench import Workbench

SPANISH = Manner(Direction.ES_TO_EN, Mode.CONVERSATION)


@dataclass
class Assembled:
    """A pipeline, all that it said, and all that it kept."""

    interpreter: Interpreter
    account: Account
    told: list[Event] = field(default_factory=list)
    kept: list[Exchange] = field(default_factory=list)
    manner: Manner = SPANISH
    is_full: bool = False
    """Whether the database refuses to keep anything."""

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
        """Let a typed sentence be interpreted."""
        utterance = Utterance(self.interpreter.next_id(), self.manner, text=text)
        await self.interpreter.put(utterance)

    async def hear(
        self, chunks: Iterable[bytes], encoding: Encoding = Encoding.PCM_S16LE
    ) -> Listener:
        """Let one listening period be heard, until all of it is said."""
        workbench = Workbench("habla test sound")
        sound = Sound(open_decoder(encoding), FakeDetector().stream(), workbench)
        listener = Listener(
            sound,
            self.interpreter,
            lambda: self.manner,
            self.emit,
            self.account,
            SegmenterOptions(),
        )
        try:
            for chunk in chunks:
                await listener.hear(chunk)
            await listener.finish()
        finally:
            await listener.close()
            workbench.close()
        await self.interpreter.drained()
        return listener


@asynccontextmanager
async def assembled(
    transcriber: Transcriber | None = None,
    translator: Translator | None = None,
    *,
    is_ahead: bool = True,
    has_partials: bool = False,
) -> AsyncIterator[Assembled]:
    """Run a pipeline, which works ahead of time or not; end its workers afterwards."""
    ears = transcriber or FakeTranscriber()
    scheduler = Scheduler(ears)
    account = Account()
    interpreter = Interpreter(
        scheduler.seat(),
        ears.languages,
        translator or FakeTranslator(),
        Speakers().of,
        lambda event: whole.emit(event),
        lambda exchange, utterance: whole.keep(exchange, utterance),
        account,
        transcriber_name="fake",
    )
    whole = Assembled(interpreter, account)
    async with asyncio.TaskGroup() as tasks:
        workers = [
            tasks.create_task(interpreter.transcribing.run()),
            tasks.create_task(interpreter.translating.run()),
            tasks.create_task(interpreter.lateness.run()),
        ]
        if is_ahead:
            workers.append(tasks.create_task(interpreter.recognizer.run()))
            workers.append(tasks.create_task(interpreter.ahead.run()))
        if has_partials and interpreter.partials is not None:
            workers.append(tasks.create_task(interpreter.partials.run()))
        yield whole
        for worker in workers:
            worker.cancel()
    await scheduler.aclose()
