"""One connection's life: its states, its tasks and its end. Whatever it started ends with it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any

from sessions_app.core.errors import ClaimedError, HablaError, StoreError
from sessions_app.core.events import Failure, Notice
from sessions_app.live import messages
from sessions_app.live.presence import FOR_GOOD, SessionPresence
from sessions_app.live.resuming.checkpoint import Checkpoint
from sessions_app.live.resuming.client_link import ClientConnection
from sessions_app.live.resuming.kept_sound import as_sent
from sessions_app.live.resuming.restored import RestoredSession
from sessions_app.live.resuming.resume_state import keep_telling
from sessions_app.live.resuming.stream_position import StreamPosition
from sessions_app.live.session_pipeline import SessionPipeline
from sessions_app.live.silence import SilenceWatch
from sessions_app.live.states import (
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
from sessions_app.store import recordings, resumptions
from sessions_app.store.account_columns import account_columns
from sessions_app.store.database.write_behind import behind
from sessions_app.store.sessions import ConversationRef

logger = logging.getLogger(__name__)

CLOSE_SECONDS = 5.0
"""The time limit of each step of closing."""
CANCEL_SECONDS = 2.0
"""How long workers may take to end: short, so that the client is still told why it is closed."""
STORED_SECONDS = 5.0
"""How long the end waits until what the client was sent is stored, and the client told so."""


class LiveSession(SessionPresence):
    """One session's life. ``run`` is all of it, in a task that the registry owns.

    It ends with its client's connection; one that can be resumed goes on for a while without.
    """

    def __init__(
        self, request: SessionRequest, process: ProcessContext, connection: ClientConnection
    ) -> None:
        super().__init__(request, process, connection)
        self._left: Checkpoint | None = None
        """From where another process goes on, once that is certain."""
        self._silence = SilenceWatch(process.silence_seconds, self._waits_since, self._is_silent)
        self.is_cut_off = False
        """Whether it ended before all that it had accepted was finished, or a task was left behind.

        Of a session that failed, only the latter counts: its reason says the rest.
        """
        self.is_left_whole = False
        """Whether its rows say from where another process, or its client, goes on."""
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

    def _on_claimed(self) -> None:
        logger.warning("session %s: another process has claimed it", self.id)
        self.end(EndCause(EndReason.CLAIMED, CloseCode.QUITTING, is_graceful=False))

    def post_end(self, ending: EndCause) -> None:
        """Ask for its row to be closed in whatever state it is, since the process will soon end."""
        self._rows.end(f"{ending.reason}_cut_off", self.account)

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
            if not is_open:
                await recordings.claim_recovery(stream.recording_id, self.boot)
        written = self._recorder.written_sound_bytes
        if stream is not None and is_open and written is not None:
            taken = as_sent(written, stream.holes)
            go_on = partial(intake.go_on, checkpoint.stream, stream, self._note_taken_up)
            intake.perform(go_on)
        intake.position = StreamPosition(checkpoint.stream, taken, is_open=is_open)
        self._resumption.kept.restore(checkpoint.stream, taken, stream)
        if not is_open:
            self._note_taken_up()

    def _note_taken_up(self) -> None:
        """Note that from here on it is as if it had begun here; until then it is given back."""
        self._restored = None

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
            self.is_cut_off = not (self._is_given_back or await self._drain())
            if self.ending.is_heard and not self.is_cut_off:
                await self._limit.within(self._rows.all_stored(), STORED_SECONDS)
        elif self.ending is not None and self.ending.reason is not EndReason.FAILED:
            self.is_cut_off = not self._pipeline.is_idle

    @property
    def _is_given_back(self) -> bool:
        """Whether another process takes it up anew, since that was not yet done here."""
        return self._is_handed_over and self._restored is not None

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
        if not self._is_left_open:
            if self._resumption is not None:
                self._resumption.log.drop_reserved()
            await self._pipeline.keep_rest()
            return
        # what is not in the rows is heard again, and what was typed comes again
        self._is_handed_over = True
        self._left = self._checkpoint() if self._resumption is not None else None
        self._pipeline.release()

    @property
    def _is_left_open(self) -> bool:
        """Whether its stream is left as it is, for another process, or as another had left it."""
        is_anothers = self._restored is not None or self.rows_owner.is_lost
        return self._is_handed_over or is_anothers

    async def _close_recording(self) -> None:
        if self._is_left_open:
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
        with suppress(ClaimedError):  # whoever has it needs nothing of us
            leaving = resumptions.hand_over(self.rows_owner, checkpoint.as_json(), columns)
            await behind.in_time(leaving)
            logger.info("session %s is left to the next process", self.id)

    async def _end_row(self) -> None:
        self.is_left_whole = await self._write_end()

    async def _write_end(self) -> bool:
        """Write how it ended; return whether somebody goes on, or its client has the rest."""
        if self.rows_owner.is_lost:
            self.is_cut_off = False
            return True
        if self._restored is not None:  # it was not taken up, so another process may do so
            self.is_cut_off = False
            await behind.in_time(resumptions.release_claim(self._restored.found, self.boot))
            return True
        if self._left is not None and self._left.can_go_on:
            await self._hand_over(self._left)
            return True
        reason = self._reason_in_row()
        self._note_where_it_ended()
        await self._rows.close(reason, self.account)
        logger.info("session %s ended: %s", self.id, reason)
        return self._left is not None

    def _reason_in_row(self) -> str:
        ending = self.ending.reason if self.ending else EndReason.FAILED
        is_unfinished = self.account.unfinished > 0 and ending is not EndReason.FAILED
        if self._left is not None:  # its client has the rest, and may send it to another session
            self.is_cut_off = False
            return f"{ending}_cut_off" if is_unfinished else str(ending)
        self.is_cut_off = self.is_cut_off or is_unfinished
        if not self.is_cut_off:
            return str(ending)
        reason = f"{ending}_cut_off"
        logger.warning("session %s: %s, unfinished sound was cut off", self.id, reason)
        return reason

    def _note_where_it_ended(self) -> None:
        """Note for a client that begins another session up to where its stream was taken."""
        if self._resumption is None or not self._is_opened.is_set():
            return
        if self.ending is not None and self.ending.reason in FOR_GOOD:
            resumptions.delete_resumption(self.rows_owner)
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
        is_sent_again = self._left is not None and self._left.is_open
        last = replace(last, is_open=False, is_rest_sent_again=is_sent_again)
        with suppress(StoreError):
            resumptions.save_checkpoint(self.rows_owner, last.as_json())

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
