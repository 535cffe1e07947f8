"""One connection's life: its states, doors and tasks. Whatever it started ends with it."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from types import TracebackType
from typing import Any

from sessions_app import store
from sessions_app.audio import to_seconds
from sessions_app.engines.scheduler import Seat
from sessions_app.errors import HablaError
from sessions_app.events import Event, Exchange, Failure, Notice
from sessions_app.generations import Generation, Generations
from sessions_app.intake import Intake
from sessions_app.pipeline.account import Account
from sessions_app.pipeline.interpreter import Interpreter
from sessions_app.pipeline.segmenter import SegmenterOptions
from sessions_app.pipeline.speakers import Speakers
from sessions_app.pipeline.utterance import Manner, Utterance
from sessions_app.protocol import LIMITS, VERSION, CloseCode

logger = logging.getLogger(__name__)

CLOSE_SECONDS = 5.0
"""The limit of each single step of closing."""


class State(StrEnum):
    """How far a session has come. Only this module changes it."""

    OPENING = "opening"
    """Its engines and its row are being got."""
    IDLE = "idle"
    """It takes commands and typed text."""
    LISTENING = "listening"
    """It takes sound."""
    STOPPING = "stopping"
    """It takes no more sound, and finishes what it took."""
    DRAINING = "draining"
    """It takes nothing any more, and finishes what it took."""
    CLOSED = "closed"
    """Nothing of it is left."""


TRANSITIONS: dict[State, frozenset[State]] = {
    State.OPENING: frozenset({State.IDLE, State.DRAINING, State.CLOSED}),
    State.IDLE: frozenset({State.LISTENING, State.DRAINING, State.CLOSED}),
    State.LISTENING: frozenset({State.STOPPING, State.DRAINING, State.CLOSED}),
    State.STOPPING: frozenset({State.IDLE, State.DRAINING, State.CLOSED}),
    State.DRAINING: frozenset({State.CLOSED}),
    State.CLOSED: frozenset(),
}
"""What may follow what; docs/lifecycle.md draws it."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a session ends, and how."""

    reason: str
    """For the row and the last message: ``client_left``, ``server_quits``, ``failed``, ..."""
    code: int = CloseCode.LEFT
    is_graceful: bool = True
    """Whether what was accepted is finished first."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the client asked for when it came."""

    user_id: int
    manner: Manner
    conversation_id: uuid.UUID | None = None


class LiveSession:
    """One connection's life at run time. ``run`` is all of it, in a task that the registry owns.

    ``emit`` tells the client an event, and does nothing once the client is gone; ``hang_up``
    closes the connection with a code. Neither ever raises.
    """

    def __init__(
        self,
        wishes: Wishes,
        generations: Generations,
        *,
        boot: str,
        drain_seconds: float,
        emit: Callable[[Event], Awaitable[None]],
        hang_up: Callable[[int], Awaitable[None]],
        segmenting: SegmenterOptions | None = None,
    ) -> None:
        self.id = uuid.uuid4()
        self.state = State.OPENING
        self.account = Account()
        self.manner = wishes.manner
        self.speakers = Speakers()
        self.ending: Ending | None = None
        self.generation: Generation | None = None
        self._conversation_id = wishes.conversation_id
        self._wishes = wishes
        self._generations = generations
        self._boot = boot
        self._drain_seconds = drain_seconds
        self.emit = emit
        self._hang_up = hang_up
        self._segmenting = segmenting or SegmenterOptions()
        self.is_cut_off = False
        """Whether its limit ended the drain before all was finished."""
        self._failure: Failure | None = None
        self._is_aborted = False
        self._ended = asyncio.Event()
        self._limit: asyncio.Timeout | None = None

    # --- the doors

    @property
    def is_open(self) -> bool:
        """Whether it takes commands."""
        return self.state in (State.IDLE, State.LISTENING, State.STOPPING)

    def feed(self, chunk: bytes) -> bool:
        """Take a chunk of sound; never waits. Return whether it was taken."""
        return self.is_open and self.intake.feed(chunk)

    def end(self, ending: Ending) -> None:
        """Begin the end. The first reason wins; a later abort only shortens the drain."""
        if self.ending is None:
            self.ending = ending
            self._ended.set()
        self._is_aborted = self._is_aborted or not ending.is_graceful
        if self._limit is not None and self._is_to_be_cut():
            self._limit.reschedule(0)

    def become(self, state: State) -> None:
        """Go on to ``state``; from a state that is further on, there is no way back."""
        if state in TRANSITIONS[self.state]:
            self.state = state

    # --- the life

    async def run(self, leave: Callable[[], None]) -> None:
        """Open, live, drain and close. ``leave`` is called when nothing is left but goodbye."""
        async with AsyncExitStack() as closers:
            self._later(closers, "goodbye", self._say_goodbye)
            closers.callback(leave)
            closers.callback(self.become, State.CLOSED)
            self._later(closers, "row", self._end_row)
            closers.push(self._note)
            if await self._unless_ended(self._open(closers), None):
                await self._live()

    async def _open(self, closers: AsyncExitStack) -> None:
        self.generation = generation = await self._generations.lease(self._tell_loading)
        closers.callback(self._generations.give_back, generation)
        self._take_up(await store.begin_session(self._row(generation), self._conversation_id))
        seat = generation.scheduler.seat() if generation.scheduler else None
        if seat is not None:
            closers.callback(seat.close)
        self.interpreter = self._make_interpreter(generation, seat)
        self.intake = self._make_intake(generation)
        self._later(closers, "sound", self.intake.close)

    async def _live(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            workers = [
                self._work(tasks, "listen", self.intake.inbox.run()),
                self._work(tasks, "transcribe", self.interpreter.transcribing.run()),
                self._work(tasks, "translate", self.interpreter.translating.run()),
            ]
            if self.interpreter.partials is not None:
                workers.append(self._work(tasks, "partials", self.interpreter.partials.run()))
            self.become(State.IDLE)
            await self.emit(self._ready())
            await self._ended.wait()
            self.become(State.DRAINING)
            if self.ending is not None and self.ending.is_graceful:
                self.is_cut_off = not await self._unless_ended(self._drain(), self._drain_seconds)
            for worker in workers:
                worker.cancel()

    async def _drain(self) -> None:
        await self.intake.inbox.drained()
        await self.intake.stop()
        await self.interpreter.drained()

    def _work(
        self, tasks: asyncio.TaskGroup, name: str, work: Coroutine[Any, Any, None]
    ) -> "asyncio.Task[None]":
        worker = tasks.create_task(work, name=f"habla {name} {self.id}")
        worker.add_done_callback(self._miss)
        return worker

    def _miss(self, worker: "asyncio.Task[None]") -> None:
        # a worker that ends before its session, in whatever way, must not go unnoticed
        if self.state is not State.DRAINING:
            logger.error("session %s: %s ended unasked", self.id, worker.get_name())
            self.end(Ending("failed", CloseCode.FAILED, is_graceful=False))

    # --- limits

    async def _unless_ended(
        self, step: Coroutine[Any, Any, None], limit_seconds: float | None
    ) -> bool:
        """Do ``step`` within its limit, which ``end`` may shorten; return whether it was done."""
        try:
            async with asyncio.timeout(limit_seconds) as self._limit:
                if self._is_to_be_cut():
                    self._limit.reschedule(0)
                await step
        except TimeoutError:
            return False
        finally:
            self._limit = None
        return True

    def _is_to_be_cut(self) -> bool:
        ending = self.ending
        return ending is not None and (self.state is State.OPENING or self._is_aborted)

    def _later(
        self, closers: AsyncExitStack, name: str, step: Callable[[], Awaitable[None]]
    ) -> None:
        """Register a step of closing, to be done alone and within CLOSE_SECONDS."""

        async def bounded() -> None:
            try:
                async with asyncio.timeout(CLOSE_SECONDS):
                    await step()
            except (TimeoutError, HablaError):
                logger.exception("session %s: closing its %s failed", self.id, name)

        closers.push_async_callback(bounded)

    # --- the last words

    def _note(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Note what broke the session as its ending; return whether that settles it."""
        if error is None:
            return False
        is_known = isinstance(error, HablaError)
        if is_known:
            logger.warning("session %s could not go on: %s", self.id, error)
            self._failure = Failure(getattr(error, "code", "internal"), str(error), fatal=True)
        elif isinstance(error, Exception):
            logger.error("session %s broke", self.id, exc_info=error)
            self._failure = Failure("internal", "Something broke here; please reload.", fatal=True)
        self.end(Ending("failed", CloseCode.FAILED, is_graceful=False))
        return isinstance(error, Exception)

    async def _end_row(self) -> None:
        reason = self.ending.reason if self.ending else "failed"
        if self.is_cut_off:
            reason += "_cut_off"
            logger.warning("session %s: %s, unfinished sound was cut off", self.id, reason)
        await store.end_session(self.id, reason, self.account)
        logger.info("session %s ended: %s", self.id, reason)

    async def _say_goodbye(self) -> None:
        ending = self.ending or Ending("failed", CloseCode.FAILED)
        if self._failure is not None:
            await self.emit(self._failure)
        accepted = to_seconds(self.account.received - self.account.dropped.total())
        fields = {"reason": ending.reason, "accepted_seconds": round(accepted, 3)}
        await self.emit(Notice("closed", fields))
        await self._hang_up(ending.code)

    # --- what it is made of

    def _row(self, generation: Generation) -> store.NewSession:
        return store.NewSession(
            id=self.id,
            user_id=self._wishes.user_id,
            manner=self.manner,
            generation=generation.number,
            engines=generation.engines.infos,
            boot=self._boot,
        )

    def _take_up(self, kept: store.Kept) -> None:
        self.conversation_id = kept.conversation_id
        self.speakers = Speakers(kept.names)

    def _make_interpreter(self, generation: Generation, seat: Seat | None) -> Interpreter:
        engines = generation.engines
        return Interpreter(
            seat,
            engines.transcriber.languages if engines.transcriber else frozenset(),
            engines.translator,
            lambda key: self.speakers.of(key),
            self.emit,
            self._keep,
            self.account,
            transcriber_name=engines.infos["transcriber"].name,
        )

    def _make_intake(self, generation: Generation) -> Intake:
        return Intake(
            self.interpreter,
            generation.engines.detector,
            generation.sound,
            lambda: self.manner,
            self.emit,
            self.account,
            self._segmenting,
        )

    async def _keep(self, exchange: Exchange, utterance: Utterance) -> Exchange:
        exchange_id = await store.save_exchange(
            self.id,
            self.conversation_id,
            exchange,
            offset_samples=utterance.offset_samples,
        )
        return replace(exchange, exchange_id=exchange_id)

    async def begin_conversation(self) -> None:
        """Start afresh: what was said before is no longer context, nor are its names."""
        self._take_up(await store.begin_conversation(self.id))
        self.interpreter.forget()

    # --- what it tells of itself

    async def _tell_loading(self, what: str, progress: float | None) -> None:
        await self.emit(Notice("loading", {"message": what, "progress": progress}))

    def _ready(self) -> Notice:
        generation = self.generation
        if generation is None:
            raise RuntimeError("a session without engines is not ready")
        infos = generation.engines.infos
        return Notice(
            "ready",
            {
                "protocol": VERSION,
                "session_id": str(self.id),
                "conversation_id": str(self.conversation_id),
                "direction": self.manner.direction,
                "mode": self.manner.mode,
                "generation": generation.number,
                "engines": {kind: asdict(info) for kind, info in infos.items()},
                "speakers": [asdict(speaker) for speaker in self.speakers.all()],
                "limits": LIMITS,
            },
        )
