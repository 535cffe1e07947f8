"""One connection's life: its states, its tasks and its end. Whatever it started ends with it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import asdict, replace
from functools import partial
from time import monotonic
from types import TracebackType
from typing import Any

from sessions_app.core.errors import CommandError, HablaError, StoreError
from sessions_app.core.events import Failure, Notice
from sessions_app.live import messages
from sessions_app.live.generations import Generation
from sessions_app.live.operations import SessionOperations
from sessions_app.live.resuming.checkpoint import Checkpoint
from sessions_app.live.resuming.client_link import ClientConnection
from sessions_app.live.resuming.kept_sound import as_sent
from sessions_app.live.resuming.restored import OWED_SECONDS, RestoredSession
from sessions_app.live.resuming.resume_state import ResumeOffer, ResumeState, keep_telling
from sessions_app.live.resuming.stream_position import StreamPosition
from sessions_app.live.resuming.tickets import ResumeTickets, ticket_hash
from sessions_app.live.session_pipeline import SessionPipeline
from sessions_app.live.silence import LATE_SECONDS, SilenceWatch
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
from sessions_app.recording.recorder import LeftRecording
from sessions_app.store import resumptions
from sessions_app.store.database.write_behind import behind
from sessions_app.store.sessions import ConversationRef, account_columns

logger = logging.getLogger(__name__)

CLOSE_SECONDS = 5.0
"""The time limit of each step of closing."""
CANCEL_SECONDS = 2.0
"""How long workers may take to end: short, so that the client is still told why it is closed."""
FOR_GOOD = frozenset({EndReason.CLIENT_LEFT, EndReason.LOGGED_OUT, EndReason.DELETED})
"""Why a session may have ended that no ticket opens any more."""
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
        self._request = request
        self._is_opened = asyncio.Event()
        self._left: Checkpoint | None = None
        """From where another process goes on, once that is certain."""
        self.ending: EndCause | None = None
        self._process = process
        self._silence = SilenceWatch(process.silence_seconds, self._waits_since, self._is_silent)
        self._absence = SilenceWatch(
            process.resume_seconds, self._absent_since, self._is_not_resumed
        )
        self._detached_at: float | None = None
        """Since when its client is away, on the monotonic clock; None: it is there."""
        self._attaching = 0
        """How many connections are about to become its client's."""
        self._ticket = request.restored.ticket_hash if request.restored is not None else ""
        """The hash of the ticket that its client was given last; empty: it has none."""
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
        is_kept = self._ticket and (self.is_open or self._is_coming)
        if not is_kept or self.ending is not None or not self._end_unheard_guest():
            self.end(ending)
            return
        self._link.detach()
        self._detached_at = monotonic()
        self._save_tickets(is_attached=False)
        if self.state is State.OPENING:  # it is detached as soon as it is open
            return
        self._become_detached()
        logger.info("session %s: its client is gone and may come back", self.id)

    @property
    def _is_coming(self) -> bool:
        """Whether it was live in another process, and will be here."""
        return self.state is State.OPENING and self._request.restored is not None

    @property
    def away_since(self) -> float | None:
        """Since when its client is away, on the monotonic clock; None: it is there, or comes."""
        return None if self._attaching else self._detached_at

    def _absent_since(self) -> float | None:
        if self._attaching:  # who has come in time is waited for, and then looked for again
            return monotonic() - self._process.resume_seconds + LATE_SECONDS
        return self._detached_at

    def _end_unheard_guest(self) -> bool:
        """End a guest, since nobody hears what it plays; return False if too much waits for it."""
        if not self._guests.is_busy:
            return True
        self._guests.refuse_unheard()
        try:
            self._pipeline.intake.perform(self.end_guest)
        except CommandError:
            return False
        return True

    def _become_detached(self) -> None:
        self._state_before = self.state
        self.become(State.DETACHED)

    def _save_tickets(self, *, is_attached: bool) -> "asyncio.Future[int] | None":
        """Write which tickets are good; return None where too much waits for the database."""
        if self._resumption is None:
            return None
        tickets = self._resumption.tickets
        with suppress(StoreError):
            return resumptions.save_tickets(
                self.id, tickets.current, tickets.following, is_attached=is_attached
            )
        return None

    def opens_for(self, user_id: int, hashed: str) -> bool:
        """Return whether a user's ticket of this hash is one of its own."""
        is_theirs = self._resumption is not None and self.user_id == user_id
        return is_theirs and self._resumption is not None and self._resumption.tickets.opens(hashed)

    def can_be_resumed(self) -> bool:
        """Whether a client may attach to it now."""
        is_alive = self.is_open or self.state is State.DETACHED or self._is_coming
        return self._resumption is not None and is_alive and self.ending is None

    def request_to_continue(self, request: SessionRequest) -> SessionRequest | None:
        """Return the request for a new session that continues this one, which is ending.

        None: it was ended for good.
        """
        reason = self.ending.reason if self.ending is not None else ""
        if reason in FOR_GOOD or self.state is State.OPENING:
            return None
        position = self._pipeline.intake.position
        continues = {"stream": position.number, "bytes": position.bytes}
        since = self._detached_at or monotonic()
        return replace(
            request,
            conversation_id=self.conversation_id,
            continues=continues if position.number else None,
            taken_command=self._resumption.commands.highest if self._resumption else 0,
            use_up=self._use_up_tickets,
            owed_seconds=monotonic() - since + OWED_SECONDS,
        )

    def _use_up_tickets(self) -> None:
        if self._resumption is not None:
            self._resumption.tickets = ResumeTickets()
        resumptions.delete_resumption(self.id)

    @property
    def is_left_to_another(self) -> bool:
        """Whether its process quits, so that its client sends to the next what was not taken."""
        is_quit = self.ending is not None and self.ending.reason == EndReason.SERVER_QUITS
        return is_quit and self._resumption is not None

    async def attach(self, connection: ClientConnection, hashed: str, seen: int) -> bool:
        """Go on with ``connection``, which came with the ticket of this hash.

        ``seen`` is the highest number of an event that the client has. A connection that is still
        there is closed: its client was taken over. Return whether the session was still there.
        """
        self._attaching += 1
        try:
            await self._is_opened.wait()
            if self._resumption is None or not self.can_be_resumed():
                return False
            offer = await self._offer_ticket(self._resumption, hashed)
            if not self.can_be_resumed():
                return False
            await self._go_on_with(connection, self._resumption, offer, seen)
        finally:
            self._attaching -= 1
        return True

    async def _offer_ticket(self, resumption: ResumeState, hashed: str) -> ResumeOffer:
        """Return the ticket for a client that came with the one of this hash."""
        self._note_ticket(resumption, hashed)
        offer = resumption.offer()
        saving = self._save_tickets(is_attached=True)
        if saving is not None:  # another process must know the ticket that the client gets
            with suppress(StoreError):
                await behind.in_time(saving)
        return offer

    async def _go_on_with(
        self, connection: ClientConnection, resumption: ResumeState, offer: ResumeOffer, seen: int
    ) -> None:
        if self.state is State.DETACHED:
            self.state = self._state_before
        self._detached_at, self._attached_at = None, monotonic()
        self._ticket = ticket_hash(offer.ticket)
        await self._link.attach(connection, self._resumed(resumption, offer, seen), seen)

    def _resumed(self, resumption: ResumeState, offer: ResumeOffer, seen: int) -> Notice:
        if self.generation is None:
            raise RuntimeError("a session without engines is not ready")
        fields = messages.first_fields(self._rows, self.manner, self.generation)
        fields["resume"] = asdict(offer)
        restored = self._request.restored
        if restored is not None and seen <= restored.newest_event:  # it knows nothing of ours
            fields["handed_over"] = True
        left = restored.checkpoint.open_stream if restored is not None else None
        fields["encoding"] = resumption.kept.encoding or (left and left.encoding)
        recording_id = self._recorder.recording_id
        fields["recording"] = str(recording_id) if recording_id is not None else None
        return messages.resumed(fields, resumption, self._pipeline.intake.position, seen)

    def note_arrival(self, connection: ClientConnection) -> None:
        """Note that the first message came over ``connection``: its client has the new ticket."""
        if self._resumption is not None and self.is_client(connection):
            self._note_ticket(self._resumption, self._ticket)

    def _note_ticket(self, resumption: ResumeState, hashed: str) -> None:
        """Note that the client has the ticket of this hash: those before it are used up."""
        if self._request.use_up is not None and hashed:
            self._request.use_up()
        if resumption.tickets.confirm(hashed):
            self._save_tickets(is_attached=True)

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
            closers.callback(self._is_opened.set)
            self._later(closers, "row", self._end_row)
            self._later(closers, "recording", self._close_recording)
            closers.push(self._note)
            if await self._limit.within(self._open(closers), None):
                await self._live()

    async def _open(self, closers: AsyncExitStack) -> None:
        self.generation = generation = await self._process.generations.lease(self._tell_loading)
        closers.callback(self._process.generations.release, generation)
        if self._restored is None:
            await self._rows.open(generation, self.manner)
        else:
            left, age_seconds = self._restored.left, self._restored.age_seconds
            self._is_handed_over = True  # until it is taken up
            self._rows.adopt(ConversationRef(left.conversation_id, left.names), age_seconds)
        self._pipeline = SessionPipeline(
            generation,
            self._context,
            self._recorder,
            self.become,
            self._sends_too_fast,
            self._kept,
        )
        self._later(closers, "pipeline", self._pipeline.close)
        self._later(closers, "words", self._keep_words)
        if self._restored is not None:
            await self._take_up(self._restored)

    async def _take_up(self, restored: RestoredSession) -> None:
        """Go on where another process was."""
        if self._resumption is None:
            raise RuntimeError("only a session that can be resumed goes on elsewhere")
        checkpoint, intake = restored.checkpoint, self._pipeline.intake
        self._pipeline.interpreter.newest_id = restored.newest_utterance
        stream, intake.owed_seconds = checkpoint.open_stream, restored.owed_seconds
        taken = checkpoint.taken_bytes
        is_open = False
        if stream is not None:
            left = LeftRecording(
                stream.recording_id,
                stream.encoding,
                stream.sample_rate,
                stream.offset_samples,
                stream.seam_sample,
                is_empty=not taken,
            )
            is_open = await self._recorder.adopt(left)
        written = self._recorder.written_sound_bytes
        if stream is not None and is_open and written is not None:
            taken = as_sent(written, stream.holes)
            intake.perform(partial(intake.go_on, checkpoint.stream, stream))
        intake.position = StreamPosition(checkpoint.stream, taken, is_open=is_open)
        # from here on it is as if it had begun here
        self._restored, self._is_handed_over = None, False

    async def _live(self) -> None:
        await self._begin()  # the first message comes before anything else is told
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

    async def _begin(self) -> None:
        self.become(State.IDLE)
        if self._link.connection is None:
            self._become_detached()
        self._is_opened.set()
        await self._tell_of_another_conversation()
        await self._greet()

    async def _serve(self) -> None:
        await self._ended.wait()
        self._is_handed_over = self.is_left_to_another
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
            await self._pipeline.drain(is_left_open=self._is_handed_over)
            await self._guests.end()

        seconds, pipeline = self._process.drain_seconds, self._pipeline
        name = f"habla drain {self.id}"
        return await self._limit.while_it_moves(name, drain(), seconds, lambda: pipeline.done_at)

    async def _keep_words(self) -> None:
        if not self._is_handed_over:
            if self._resumption is not None:
                self._resumption.log.drop_reserved()
            await self._pipeline.keep_rest()
            return
        # what is not in the rows is heard again, and what was typed comes again
        self._left = self._checkpoint()
        self._pipeline.release()

    async def _close_recording(self) -> None:
        if self._is_handed_over:
            await self._recorder.release()
        else:
            await self._recorder.close()

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

    async def _hand_over(self, checkpoint: Checkpoint) -> None:
        """Leave the row open for whichever process its client comes to next."""
        self.is_cut_off = False
        columns = account_columns(self.account)
        await behind.in_time(resumptions.hand_over(self.id, checkpoint.as_json(), columns))
        logger.info("session %s is left to the next process", self.id)

    async def _end_row(self) -> None:
        if self._restored is not None:  # it was not taken up, so another process may do so
            await behind.in_time(resumptions.release_claim(self._restored.found, self.boot))
            return
        left, account = self._left, self.account
        if left is not None and left.can_go_on:
            await self._hand_over(left)
            return
        if left is not None:  # its client has what another session is to hear
            self.is_cut_off, account = False, left.account
        ending = self.ending.reason if self.ending else EndReason.FAILED
        if account.unfinished and ending is not EndReason.FAILED:
            self.is_cut_off = True
        reason = str(ending)
        if self.is_cut_off:
            reason += "_cut_off"
            logger.warning("session %s: %s, unfinished sound was cut off", self.id, reason)
        self._note_where_it_ended()
        await self._rows.close(reason, account)
        logger.info("session %s ended: %s", self.id, reason)

    def _note_where_it_ended(self) -> None:
        """Note for a client that begins another session up to where its stream was taken."""
        if self._resumption is None or not self._is_opened.is_set():
            return
        if self.ending is not None and self.ending.reason in FOR_GOOD:
            resumptions.delete_resumption(self.id)
            return
        last = self._left
        if last is None:  # what was taken is done, or kept as it came
            position = self._pipeline.intake.position
            last = replace(
                self._checkpoint(),
                undone=(),
                stream=position.number,
                taken_bytes=position.bytes,
                heard_before=None,
                open_stream=None,
            )
        last = replace(last, is_open=False)
        with suppress(StoreError):
            resumptions.save_checkpoint(self.id, last.as_json())

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
        if self._request.conversation_id not in (None, self._rows.conversation_id):
            message = "There is no such conversation of yours; this is a new one."
            await self.emit(Failure("unknown_conversation", message, about="query"))

    async def _greet(self) -> None:
        if self.generation is None:
            raise RuntimeError("a session without engines is not ready")
        if self._request.restored is not None and self._resumption is not None:
            await self._greet_again(self._request.restored, self._resumption)
        else:
            await self._say_ready(self.generation)
        first = (self.manner, self.generation, self._process.generations)
        for message in messages.first_warnings(*first):
            await self.emit(message)

    async def _say_ready(self, generation: Generation) -> None:
        resuming: dict[str, Any] = {}
        if self._resumption is not None:
            offer = self._resumption.offer()
            resuming["resume"] = asdict(offer)
            await self._begin_resumption(self._resumption)
            self._ticket = ticket_hash(offer.ticket)
        # as things are now: what changed while rows were written was told before
        fields = messages.first_fields(self._rows, self.manner, generation) | resuming
        if self._request.continues is not None:
            fields["continues"] = self._request.continues
        if self._request.taken_command is not None:
            fields["command"] = self._request.taken_command
            self._pipeline.intake.owed_seconds = self._request.owed_seconds
            self._pipeline.intake.heard_before = self._request.heard_before
        await self.emit(Notice("ready", fields))

    async def _begin_resumption(self, resumption: ResumeState) -> None:
        login_key = self.login.session_key if self.login is not None else ""
        new = resumptions.NewResumption(
            self.id, resumption.tickets.current, login_key, resumption.seconds
        )
        try:
            await behind.in_time(resumptions.begin(new))
        except StoreError as error:  # it can be resumed here, but not by another process
            logger.warning("session %s: its ticket was not stored: %s", self.id, error)
        self.save_checkpoint()

    async def _greet_again(self, restored: RestoredSession, resumption: ResumeState) -> None:
        """Greet the client of a session that another process had, if it is still there."""
        connection = self._link.connection
        if connection is None:
            return
        offer = await self._offer_ticket(resumption, restored.ticket_hash)
        if self.is_client(connection):
            await self._go_on_with(connection, resumption, offer, restored.seen)
