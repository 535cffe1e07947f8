"""One connection's life: its states, its tasks and its end. Whatever it started ends with it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from time import monotonic
from types import TracebackType
from typing import Any

from sessions_app.core.errors import CommandError, HablaError
from sessions_app.core.events import Failure, Notice
from sessions_app.live import messages
from sessions_app.live.operations import SessionOperations
from sessions_app.live.resuming.client_link import ClientConnection
from sessions_app.live.resuming.resumption import keep_telling
from sessions_app.live.session_pipeline import SessionPipeline
from sessions_app.live.silence import SilenceWatch
from sessions_app.live.states import (
    OPEN_STATES,
    TRANSITIONS,
    EndCause,
    EndReason,
    ProcessContext,
    SessionRequest,
    State,
)
from sessions_app.live.step_limit import StepLimit
from sessions_app.live.workers import Workers
from sessions_app.pipeline.translation.model_news import ModelNews
from sessions_app.protocol import CloseCode

logger = logging.getLogger(__name__)

CLOSE_SECONDS = 5.0
"""The time limit of each step of closing."""
CANCEL_SECONDS = 2.0
"""How long workers may take to end: short, so that the client is still told why it is closed."""
STORED_SECONDS = 5.0
"""How long the end waits until what the client was sent is stored, and the client told so."""


class LiveSession(SessionOperations):
    """One session's life. ``run`` is all of it, in a task that the registry owns.

    It ends with its client's connection; one that can be resumed goes on for a while without.
    """

    def __init__(
        self, request: SessionRequest, process: ProcessContext, connection: ClientConnection
    ) -> None:
        super().__init__(request, process, connection)
        self._requested_conversation_id = request.conversation_id
        self._continues = request.continues
        self.ending: EndCause | None = None
        self._process = process
        self._silence = SilenceWatch(process.silence_seconds, self._waits_since, self._is_silent)
        self._absence = SilenceWatch(
            process.resume_seconds, lambda: self.detached_at, self._is_not_resumed
        )
        self.detached_at: float | None = None
        """Since when its client is away, on the monotonic clock; None: it is there."""
        self._attached_at = 0.0
        self._state_before = State.IDLE
        self.is_cut_off = False
        """Whether it ended before all that it had accepted was finished, or a task was left behind.

        Of a session that failed, only the latter counts: its reason says the rest.
        """
        self._failure: Failure | None = None
        self._is_aborted = False
        self._ended = asyncio.Event()
        self._limit = StepLimit(self._is_to_be_cut)

    # --- the end

    def end(self, ending: EndCause) -> None:
        """Begin the end. The first reason wins; a later abort only shortens the drain."""
        if self.ending is None:
            self.ending = ending
            self._ended.set()
        self._is_aborted = self._is_aborted or not ending.is_graceful
        self._limit.look()

    def post_end(self, ending: EndCause) -> None:
        """Ask for its row to be closed in whatever state it is, since the process will soon end."""
        self._rows.end(f"{ending.reason}_cut_off", self.account)

    def become(self, state: State) -> None:
        """Change to ``state`` if TRANSITIONS allows it; else do nothing.

        A listening period goes on while the client is away; its state shows when that is back.
        """
        if self.state is State.DETACHED and state in OPEN_STATES:
            if state in TRANSITIONS[self._state_before]:
                self._state_before = state
        elif state in TRANSITIONS[self.state]:
            self.state = state

    # --- its client comes and goes

    def detach(self, connection: ClientConnection, ending: EndCause) -> None:
        """Note that ``connection`` is gone: go on without for a while, or end for ``ending``.

        Does nothing if another connection has taken its place.
        """
        if not self.is_client(connection):
            return
        if self._resumption is None or not self.is_open or self.ending is not None:
            self.end(ending)
            return
        self._link.detach()
        self._state_before = self.state
        self.become(State.DETACHED)
        self.detached_at = monotonic()
        if self._guests.is_busy:  # nobody hears what it plays
            self._guests.refuse()
            with suppress(CommandError):
                self._pipeline.intake.perform(self.end_guest)
        logger.info("session %s: its client is gone and may come back", self.id)

    def opens_for(self, user_id: int, hashed: str) -> bool:
        """Return whether a user's ticket of this hash is one of its own."""
        is_theirs = self._resumption is not None and self.user_id == user_id
        return is_theirs and self._resumption is not None and self._resumption.tickets.opens(hashed)

    @property
    def can_be_resumed(self) -> bool:
        """Whether a client may attach to it now."""
        is_alive = self.is_open or self.state is State.DETACHED
        return self._resumption is not None and is_alive and self.ending is None

    async def attach(self, connection: ClientConnection, hashed: str, seen: int) -> None:
        """Go on with ``connection``, which came with the ticket of this hash.

        ``seen`` is the highest number of an event that the client has. A connection that is still
        there is closed: its client was taken over.
        """
        if self._resumption is None or self.generation is None:
            raise RuntimeError("a session that cannot be resumed has one connection")
        self._resumption.tickets.use(hashed)
        if self.state is State.DETACHED:
            self.state, self.detached_at = self._state_before, None
        self._attached_at = monotonic()
        position = self._pipeline.intake.position
        greeting = messages.resumed(
            messages.first_fields(self._rows, self.manner, self.generation),
            self._resumption,
            position,
            seen,
        )
        await self._link.attach(connection, greeting, seen)

    def note_arrival(self, connection: ClientConnection) -> None:
        """Note that the first message came over ``connection``: its client has the new ticket."""
        if self._resumption is not None and self.is_client(connection):
            self._resumption.tickets.confirm()

    def is_client(self, connection: ClientConnection) -> bool:
        """Return whether ``connection`` is its client's: another may have taken its place."""
        return self._link.connection is connection

    def end_by_client(self, connection: ClientConnection, ending: EndCause) -> None:
        """End for good, since the client behind ``connection`` left, if that is its client."""
        if self.is_client(connection):
            self.end(ending)

    # --- the life

    async def run(self, on_end: Callable[[], None]) -> None:
        """Open, live, drain and close. ``on_end`` is called before the last messages are sent."""
        async with AsyncExitStack() as closers:
            self._later(closers, "goodbye", self._say_goodbye)
            closers.callback(on_end)
            closers.callback(self.become, State.CLOSED)
            self._later(closers, "row", self._end_row)
            self._later(closers, "recording", self._recorder.close)
            closers.push(self._note)
            if await self._limit.within(self._open(closers), None):
                await self._live()

    async def _open(self, closers: AsyncExitStack) -> None:
        self.generation = generation = await self._process.generations.lease(self._tell_loading)
        closers.callback(self._process.generations.release, generation)
        await self._rows.open(generation, self.manner)
        self._pipeline = SessionPipeline(
            generation,
            self._context,
            self._recorder,
            self.become,
            self._sends_too_fast,
            self._kept,
        )
        self._later(closers, "pipeline", self._pipeline.close)
        self._later(closers, "words", self._pipeline.keep_rest)

    async def _live(self) -> None:
        workers = Workers(str(self.id), self._on_worker_ended)
        for name, work in self._work().items():
            workers.start(name, work)
        try:
            await self._serve()
        finally:
            is_alone = have_ended = False
            try:
                is_alone = await self._guests.close(CANCEL_SECONDS)
            finally:
                have_ended = await workers.cancel(CANCEL_SECONDS)
                self.is_cut_off = self.is_cut_off or not (is_alone and have_ended)

    def _work(self) -> dict[str, Coroutine[Any, Any, None]]:
        """Return what the workers do while it lives, by name."""
        work = {
            **self._pipeline.workers(),
            "words": self._no_words.run(),
            "stored": self._rows.tell_stored(self.emit),
            "silence": self._silence.watch(),
        }
        if self._kept is not None:
            work["absence"] = self._absence.watch()
            work["kept"] = keep_telling(self._kept, self._link.emit)
        model = self.generation.engines.translator.remote_model if self.generation else None
        if model is not None:
            work["language model"] = ModelNews(model, self.emit).run()
        return work

    async def _serve(self) -> None:
        self.become(State.IDLE)
        await self._tell_of_another_conversation()
        await self._greet()
        await self._ended.wait()
        self.become(State.DRAINING)
        await messages.disconnect_first(self.ending, self._say_goodbye, self._link.disconnect)
        if self.ending is not None and self.ending.is_graceful:
            self.is_cut_off = True  # unless the drain below finishes
            self.is_cut_off = not await self._drain()
            if self.ending.is_heard and not self.is_cut_off:
                await self._limit.within(self._rows.all_stored(), STORED_SECONDS)
        elif self.ending is not None and self.ending.reason is not EndReason.FAILED:
            self.is_cut_off = not self._pipeline.is_idle

    async def _drain(self) -> bool:
        """Finish what was accepted as long as that makes progress; return whether it is done."""

        async def drain() -> None:
            self._guests.refuse()
            await self._pipeline.drain()
            await self._guests.end()

        seconds, pipeline = self._process.drain_seconds, self._pipeline
        name = f"habla drain {self.id}"
        return await self._limit.while_it_moves(name, drain(), seconds, lambda: pipeline.done_at)

    def _waits_since(self) -> float | None:
        is_due = self.state is State.LISTENING and not self._guests.is_busy
        since = self._pipeline.intake.waits_since if is_due else None
        return None if since is None else max(since, self._attached_at)

    async def _is_silent(self) -> None:
        ending = EndCause(EndReason.SILENT, CloseCode.SILENT)
        connection = self._link.connection
        if connection is None or self._resumption is None:
            self.end(ending)
            return
        await connection.emit(messages.closed(ending.reason, self.account))
        await connection.disconnect(ending.code)
        self.detach(connection, ending)  # no network may be there to say that it is closed

    async def _is_not_resumed(self) -> None:
        self.end(EndCause(EndReason.NOT_RESUMED, is_heard=False))

    def _on_worker_ended(self) -> None:
        self.end(EndCause(EndReason.FAILED, CloseCode.FAILED, is_graceful=False))

    def _sends_too_fast(self) -> None:
        self.end(EndCause(EndReason.TOO_FAST, CloseCode.TOO_FAST))

    # --- limits

    def _is_to_be_cut(self) -> bool:
        ending = self.ending
        return ending is not None and (self.state is State.OPENING or self._is_aborted)

    def _later(
        self, closers: AsyncExitStack, name: str, step: Callable[[], Awaitable[None]]
    ) -> None:
        """Register a step of closing, which takes CLOSE_SECONDS at most, whatever the others do."""

        async def bounded() -> None:
            try:
                async with asyncio.timeout(CLOSE_SECONDS):
                    await step()
            except (TimeoutError, HablaError, OSError):
                logger.exception("session %s: closing its %s failed", self.id, name)

        closers.push_async_callback(bounded)

    # --- the last messages

    def _note(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Make an exception the cause of the end; return whether it is handled by that."""
        if error is None:
            return False
        is_known = isinstance(error, HablaError)
        if is_known:
            logger.warning("session %s could not go on: %s", self.id, error)
            self._failure = Failure(getattr(error, "code", "internal"), str(error), fatal=True)
        elif isinstance(error, Exception):
            logger.error("session %s broke", self.id, exc_info=error)
        self.end(EndCause(EndReason.FAILED, CloseCode.FAILED, is_graceful=False))
        return isinstance(error, Exception)

    async def _end_row(self) -> None:
        ending = self.ending.reason if self.ending else EndReason.FAILED
        if self.account.unfinished and ending is not EndReason.FAILED:
            self.is_cut_off = True
        reason = str(ending)
        if self.is_cut_off:
            reason += "_cut_off"
            logger.warning("session %s: %s, unfinished sound was cut off", self.id, reason)
        await self._rows.close(reason, self.account)
        logger.info("session %s ended: %s", self.id, reason)

    async def _say_goodbye(self) -> None:
        ending = self.ending or EndCause(EndReason.FAILED, CloseCode.FAILED)
        last = messages.LAST_FAILURES.get(ending.code)
        if failure := self._failure or ending.problem or last:
            await self.emit(failure)
        for about in self._undone:
            await self.emit(Failure("not_ready", "The session ended before this.", about=about))
        await self.emit(messages.closed(ending.reason, self.account))
        await self._link.disconnect(ending.code)

    # --- the first messages

    async def _tell_loading(self, what: str, progress: float | None) -> None:
        fields = {"message": what, "progress": progress}
        await self.emit(Notice("loading", fields, is_passing=True))

    async def _tell_of_another_conversation(self) -> None:
        if self._requested_conversation_id not in (None, self._rows.conversation_id):
            message = "There is no such conversation of yours; this is a new one."
            await self.emit(Failure("unknown_conversation", message, about="query"))

    async def _greet(self) -> None:
        if self.generation is None:
            raise RuntimeError("a session without engines is not ready")
        fields = messages.first_fields(self._rows, self.manner, self.generation)
        if self._resumption is not None:
            fields["resume"] = self._resumption.offer()
        if self._continues is not None:
            fields["continues"] = self._continues
        await self.emit(Notice("ready", fields))
        first = (self.manner, self.generation, self._process.generations)
        for message in messages.first_warnings(*first):
            await self.emit(message)
