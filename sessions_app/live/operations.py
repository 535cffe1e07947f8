"""The operations of a live session: for its client, its guest and its process."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar
from uuid import UUID, uuid4

from sessions_app.access.logins import Login
from sessions_app.core.errors import CommandError, HablaError, StoreError, TooFastError
from sessions_app.core.events import Failure, Manner, Notice, Speaker
from sessions_app.live import messages
from sessions_app.live.event_sinks import PipelineEvents, SessionEvents
from sessions_app.live.generations import Generation
from sessions_app.live.guests import Guest, GuestInput, Guests
from sessions_app.live.line.turns import Turn
from sessions_app.live.resuming.checkpoint import Checkpoint
from sessions_app.live.resuming.client_link import ClientConnection, ClientLink
from sessions_app.live.resuming.event_log import EventLog
from sessions_app.live.resuming.kept_sound import KeptSound
from sessions_app.live.resuming.resume_state import ResumeState
from sessions_app.live.rows import SessionRows
from sessions_app.live.session_pipeline import SessionPipeline
from sessions_app.live.states import (
    OPEN_STATES,
    STATES_WITH_ROW,
    ProcessContext,
    SessionRequest,
    State,
)
from sessions_app.pipeline.account import Account
from sessions_app.pipeline.languages import LANGUAGES, only_language
from sessions_app.pipeline.no_words import NoWordsMonitor
from sessions_app.pipeline.session_context import SessionContext
from sessions_app.protocol import (
    ClientCommand,
    NotSent,
    RenameSpeaker,
    SetDirection,
    SetMode,
    StartListening,
    StopListening,
    TextInput,
)
from sessions_app.recording.recorder import Recorder
from sessions_app.store import resumptions
from sessions_app.store.ownership import OwnedRows
from sessions_app.store.row_owner import RowOwner

T = TypeVar("T")
NEW_CONVERSATION = "new_conversation"
"""The type of the command."""


class SessionOperations(ABC):
    """The parts of one session, and all that other modules may ask of it."""

    def __init__(
        self, request: SessionRequest, process: ProcessContext, connection: ClientConnection
    ) -> None:
        self._restored = restored = request.restored
        """What another process left of it; None: it began here."""
        self.id = restored.found.session_id if restored is not None else uuid4()
        self.rows_owner = RowOwner(self.id, process.boot, self._on_claimed)
        """Writes its rows, unless another process has claimed it."""
        self._rows = SessionRows(self.rows_owner, request.user_id, request.conversation_id)
        self.boot = process.boot
        """The run of the server to which it belongs."""
        self.user_id, self.login = request.user_id, request.login
        self.state = State.OPENING
        self.generation: Generation | None = None
        """None until it has its engines."""
        is_resumable = request.is_resumable and process.resume_seconds > 0
        log = EventLog() if is_resumable else None
        self._link = ClientLink(connection, log, is_greeted=restored is None)
        events = SessionEvents(self._rows, self.rows_owner, process.publisher, self._link.emit)
        self.emit = events.emit
        self._recorder = Recorder(
            self.rows_owner,
            request.user_id,
            process.finisher,
            self.emit,
            lambda: self._rows.conversation_id,
        )
        account = restored.checkpoint.account.copy() if restored is not None else Account()
        self._kept = (
            KeptSound(self._recorder, account, self._note_stream_over) if is_resumable else None
        )
        self._resumption: ResumeState | None = None
        """None: the session ends with its connection."""
        if log is not None and self._kept is not None:
            seconds = process.resume_seconds
            self._resumption = ResumeState(seconds, log, self._kept, self._checkpoint)
            if restored is not None:
                self._resumption.restore(restored)
        self._no_words = NoWordsMonitor(self.emit)
        heard = PipelineEvents(events, self._recorder, self._no_words, self._rows, self._resumption)
        self._context = SessionContext(
            heard.emit,
            heard.keep,
            request.manner,
            account,
            speakers=self._rows.speakers,
            timeline=self._rows.timeline,
        )
        self._guests = Guests(str(self.id))
        self._is_handed_over = False
        """Whether it is left to whichever process its client comes to next."""
        self._undone: dict[str, None] = {}
        """The types of commands that were accepted, and will not be done; each once, in order."""
        self._pipeline: SessionPipeline
        """Set once the session is open."""

    @abstractmethod
    def _on_claimed(self) -> None:
        """End, since another process has claimed the session."""

    # --- what it is

    @property
    def manner(self) -> Manner:
        """The manner in which what is said from now on is interpreted."""
        return self._context.manner

    @property
    def stands_on(self) -> Login:
        """The login without which it ends."""
        return self.login or Login(self.user_id)

    @property
    def account(self) -> Account:
        """What became of its sound so far."""
        return self._context.account

    @property
    def conversation_id(self) -> UUID | None:
        """What it writes to; None until it is open, unless the client asked to continue one."""
        return self._rows.conversation_id

    @property
    def renamings(self) -> int:
        """A count that changes with each renaming here."""
        return self._rows.renamings

    @property
    def is_open(self) -> bool:
        """Whether it accepts commands."""
        return self.state in OPEN_STATES

    @property
    def is_at_work(self) -> bool:
        """Whether something that it accepted waits to be heard or translated."""
        return self.state in STATES_WITH_ROW and not self._pipeline.is_idle

    @property
    def is_listening(self) -> bool:
        """Whether a listening period is open, be it the client's or a guest's."""
        return self._pipeline.intake.is_listening

    @property
    def guest(self) -> Guest | None:
        """The guest that plays into it."""
        return self._guests.guest

    def owned_rows(self) -> OwnedRows:
        """Return which rows it writes to just now."""
        return OwnedRows(self._rows.written_to, self._recorder.recording_id)

    @property
    def is_resumable(self) -> bool:
        """Whether it may outlive its connection."""
        return self._resumption is not None

    # --- what clients and guests ask of it

    def is_new(self, command: ClientCommand) -> bool:
        """Return whether a command is to be done; not one that comes again after a lost answer."""
        return self._resumption is None or self._resumption.commands.is_new(command.command)

    def note_taken(self, command: ClientCommand) -> None:
        """Take note that a command was taken, or refused with an answer: it will not be again."""
        if self._resumption is not None:
            self._resumption.commands.take(command.command)

    def note_done(self, command: ClientCommand) -> None:
        """Take note that a command is done, and has left nothing that only this process knows."""
        if self._resumption is not None:
            self._resumption.commands.finish(command.command)

    async def refuse(self, command: ClientCommand, error: HablaError) -> None:
        """Tell the client why a command that was taken is not done: it will not come again."""
        self.note_done(command)
        failure = Failure(error.code, str(error), about=command.type, command=command.command)
        if isinstance(error, TooFastError):
            failure = replace(failure, retry_after_seconds=error.retry_after_seconds)
        await self.emit(failure)

    def save_checkpoint(self) -> None:
        """Write from where another process would go on, if the session can be resumed."""
        if self._resumption is not None:
            # what cannot be kept, since too much waits for the database, the next one says too
            with suppress(StoreError):
                resumptions.save_checkpoint(self.rows_owner, self._checkpoint().as_json())

    def _note_stream_over(self) -> None:
        """Write that nobody goes on with the stream, before its recording is closed.

        Whoever is killed in between leaves a recording to be recovered, and never a stream that is
        said to be open and cannot be gone on with.
        """
        command = self._pipeline.intake.command_in_hand
        if isinstance(command, StopListening):
            self.note_done(command)
        self.save_checkpoint()

    def _checkpoint(self) -> Checkpoint:
        """Return from where another process would go on."""
        resumption, conversation_id = self._resumption, self.conversation_id
        if resumption is None or conversation_id is None:
            raise RuntimeError("a session that cannot be resumed has no checkpoint")
        kept = resumption.kept
        account, stream = kept.open_stream()
        return Checkpoint(
            conversation_id,
            self.manner,
            account,
            event=resumption.log.newest,
            utterance=self._pipeline.interpreter.newest_id,
            command=resumption.commands.highest,
            undone=tuple(resumption.commands.undone),
            stream=kept.stream,
            taken_bytes=kept.bytes,
            is_open=kept.is_open,
            heard_before=kept.heard_before,
            open_stream=stream,
        )

    def feed(self, chunk: bytes) -> bool:
        """Take a chunk of sound; never waits. Return whether it was taken."""
        return self.is_open and self._pipeline.intake.feed(chunk)

    def perform(
        self,
        work: Callable[[], Awaitable[T]],
        *,
        command: ClientCommand | None = None,
        dropped: Callable[[], None] | None = None,
    ) -> Turn[T]:
        """Queue ``work`` in the session; awaiting the turn gives what the work returns.

        ``command`` is the client's, if the work does what one asks. ``dropped`` is called if the
        session is cut off before the work is done, and nobody awaits it.

        Raises:
            CommandError: the session accepts nothing now, or too much waits.
        """
        self._refuse_unless_open()
        return self._pipeline.intake.perform(work, command=command, dropped=dropped)

    def receive(self, guest: Guest, origin: UUID | None = None) -> None:
        """Let a guest in; it ends with the session, or by ``end_guest``.

        ``origin`` is the id under which what it says is stored; None: as if people said it.

        Raises:
            CommandError: the session accepts nothing now, is listening, or has a guest.
        """
        self._refuse_unless_open()
        if self._pipeline.intake.is_listening and not self._guests.is_busy:
            raise CommandError("The session listens already.", code="already_listening")
        guest_input = GuestInput(self._pipeline, origin)
        self._guests.receive(guest, guest_input)

    async def end_guest(self) -> None:
        """End the guest, queued among the commands: all its results are sent first."""
        if self._guests.is_busy:
            self._guests.refuse()
            try:
                await self._pipeline.intake.stop()
                await self._pipeline.interpreter.join()
            finally:
                await self._guests.end()

    def check_that_someone_hears(self) -> None:
        """Check that speech can be transcribed, so that nobody speaks in vain.

        Raises:
            CommandError: there is no transcriber, or it does not know the session's language.
        """
        languages, source = self._pipeline.interpreter.languages, self.manner.direction.source
        if not languages:
            message = "No engine here can hear speech; typed text is translated."
            raise CommandError(message, code="no_transcriber")
        if source is not None and source not in languages:
            raise CommandError(
                f"The engine that listens here does not know {LANGUAGES[source]}; "
                "typed text is translated.",
                code="language_not_supported",
            )

    async def hear_names(self, kept: Mapping[str, str], renamings: int) -> None:
        """Adopt names given elsewhere and send them to the client, as in SessionRows."""
        if (told := self._rows.hear_names(kept, renamings)) is not None:
            await self.emit(told)

    def stop_recording(self) -> None:
        """Stop writing the open recording: somebody else has closed or deleted it."""
        self._recorder.stop_writing()

    # --- the commands, each in its turn

    async def listen(self, command: StartListening) -> None:
        """Open a listening period.

        Raises:
            CommandError: the session listens already, or no speech can be transcribed.
            EngineError: this stream cannot be decoded here.
        """
        self._guests.refuse_others()
        if self.is_listening:
            raise CommandError("The session listens already.", code="already_listening")
        self.check_that_someone_hears()
        await self._pipeline.intake.start(command)
        await self._tell_if_only_one_is_heard(about=command.type)

    async def stop_listening(self) -> None:
        """Close the listening period, after all that came was heard and its results were sent.

        Raises:
            CommandError: none is open.
        """
        if not self.is_listening or self._guests.is_busy:
            raise CommandError("The session does not listen.", code="not_listening")
        await self._pipeline.intake.stop()

    async def note_not_sent(self, command: NotSent) -> None:
        """Account for sound that the client could not send."""
        await self._pipeline.intake.miss(command)

    async def interpret(self, command: TextInput) -> None:
        """Interpret typed text; its place on the timeline is where it was typed.

        Raises:
            CommandError: there is no such speaker.
        """
        who = self._who_typed(command)
        await self._pipeline.interpret(command.text, who, command.command)

    def drop_command(self, command: ClientCommand) -> None:
        """Take note that a command was accepted and will not be done: what was typed is kept.

        Where the session goes on in another process, its client sends the command again.
        """
        if self._is_handed_over:
            return
        if isinstance(command, TextInput):
            self._begin_owed_conversation()
            with suppress(CommandError):
                speaker = self._who_typed(command)
                self._pipeline.note_untranslated(command.text, speaker)
                return
        if isinstance(command, SetDirection):  # what was typed behind it was meant so
            self._context.manner = replace(self.manner, direction=command.direction)
        self._undone[command.type] = None

    def _begin_owed_conversation(self) -> None:
        """Begin the conversation that was asked for before what was typed just now."""
        if NEW_CONVERSATION not in self._undone:
            return
        self._pipeline.begin_rest()  # what was said before belongs to the old one
        with suppress(StoreError):
            self._rows.begin_conversation_unawaited()
            del self._undone[NEW_CONVERSATION]

    def _who_typed(self, command: TextInput) -> Speaker | None:
        return self._context.speakers.of(command.speaker_id) if command.speaker_id else None

    async def set_direction(self, command: SetDirection) -> None:
        """Interpret what begins now in another direction."""
        self._interpret_from_now_on(replace(self.manner, direction=command.direction))
        await self.emit(
            Notice("direction_changed", {"direction": command.direction}, is_counted=True)
        )
        if self.is_listening:
            await self._tell_if_only_one_is_heard(about=command.type)

    async def set_mode(self, command: SetMode) -> None:
        """Interpret what begins now in another mode."""
        self._interpret_from_now_on(replace(self.manner, mode=command.mode))
        await self.emit(Notice("mode_changed", {"mode": command.mode}, is_counted=True))
        if self.generation is None:
            return
        lack = messages.lack_of_corrections(self.manner, self.generation, about=command.type)
        if lack is not None:
            await self.emit(lack)

    def _interpret_from_now_on(self, manner: Manner) -> None:
        self._context.manner = manner
        self._recorder.mark(manner)

    async def rename(self, command: RenameSpeaker) -> None:
        """Rename a speaker.

        Raises:
            CommandError: there is no speaker of that id.
            StoreError: the name will never be stored.
        """
        await self._rows.rename(command.speaker_id, command.name)
        await self.emit(self._rows.speakers_told())

    async def new_conversation(self) -> None:
        """Finish all that was said, and begin a new conversation.

        Raises:
            StoreError: it will never be stored; the session goes on in the old one.
        """
        await self.end_guest()
        await self._pipeline.intake.stop()
        await self._pipeline.interpreter.join()
        await self._rows.begin_conversation()
        self._pipeline.interpreter.reset()
        fields = {"conversation_id": str(self.conversation_id)}
        await self.emit(Notice("conversation_started", fields, is_counted=True))
        await self.emit(self._rows.speakers_told())

    async def _tell_if_only_one_is_heard(self, about: str) -> None:
        if only := only_language(self.manner.direction, self._pipeline.interpreter.languages):
            message = f"Only {only} is heard here; any other speech is taken for it."
            await self.emit(Failure("only_one_language", message, about=about))

    def _refuse_unless_open(self) -> None:
        if not self.is_open:
            raise CommandError("The session is not ready yet, or is over.", code="not_ready")
