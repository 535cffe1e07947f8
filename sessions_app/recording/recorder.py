"""Records a session's sound: one recording for each listening period, with its utterances."""

import asyncio
import errno
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from sessions_app.core.audio import Encoding, to_seconds
from sessions_app.core.descriptors import is_exhaustion
from sessions_app.core.errors import StoreError
from sessions_app.core.events import Discarded, Emit, Event, Exchange, Failure, Manner
from sessions_app.pipeline.utterance import Utterance
from sessions_app.protocol import StartListening
from sessions_app.recording import files, sidecars
from sessions_app.recording.finishing import FinishedRecording, RecordingFinisher, was_refused
from sessions_app.recording.recording_file import RecordingFile
from sessions_app.store import recordings
from sessions_app.store.database.thread import database_thread
from sessions_app.store.database.write_behind import behind
from sessions_app.store.recording_facts import Mark, NewRecording, SegmentFacts
from sessions_app.store.row_owner import RowOwner

logger = logging.getLogger(__name__)

END_SECONDS = 2.0
"""How long the end of a listening period waits for its recording to be finished."""
CLOSE_SECONDS = 4.0
"""How long a closing session waits for it; after that the process finishes it alone."""
ROWS_AT_ONCE = 4
"""How many utterances are stored together: one by one would cost as much as all else here."""


class Progress(Protocol):
    """How far the listening period has come that is recorded: a Listener."""

    @property
    def heard_samples(self) -> int:
        """How much sound was decoded so far."""
        ...

    @property
    def decided_samples(self) -> int:
        """Up to which sample it was cut into utterances and silence."""
        ...

    @property
    def offset_samples(self) -> int:
        """By how much the session's clock is ahead of that of the period."""
        ...


@dataclass(frozen=True, slots=True)
class LeftRecording:
    """A recording that another process was making."""

    id: uuid.UUID
    encoding: Encoding
    sample_rate: int
    offset_samples: int
    """Where its listening period began on the session's clock."""
    decided_samples: int
    """Up to which sample all of it is in the rows."""
    is_empty: bool
    """Whether nothing of it was known to be written."""

    @property
    def heard_samples(self) -> int:
        """How much of it is known to have been decoded."""
        return self.decided_samples


@dataclass(slots=True)
class _Recording:
    """The recording of the current listening period."""

    id: uuid.UUID
    file: RecordingFile
    begun: "asyncio.Future[None]"
    """Done once its row is written; it raises where the database refuses the row."""
    progress: Progress
    segments: dict[int, SegmentFacts] = field(default_factory=dict)
    """Segments whose outcome is not known yet, by utterance."""
    completed: list[SegmentFacts] = field(default_factory=list)
    """Segments whose outcome is known, and that have no row yet."""
    stopped_at: int | None = None
    """After how many samples recording was stopped early; None: it was not."""


class Recorder:
    """Writes what the client sends, as it comes, and every utterance that is cut out of it.

    Nothing here makes the incoming sound wait. If the disk fails, the recording ends but never the
    session; if the database fails, both go on and the rows are written later. Without a
    ``finisher`` nothing is recorded. ``conversation`` returns what the session writes to.
    """

    def __init__(
        self,
        owner: RowOwner,
        user_id: int,
        finisher: RecordingFinisher | None,
        emit: Emit,
        conversation: Callable[[], uuid.UUID | None] = lambda: None,
    ) -> None:
        self._conversation = conversation
        self._owner = owner
        self._session_id = owner.session_id
        self._user_id = user_id
        self._finisher = finisher
        self._writer = finisher.writer if finisher is not None else None
        self._emit = emit
        self._recording: _Recording | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # --- a listening period

    def begin(self, command: StartListening, manner: Manner, progress: Progress) -> str | None:
        """Begin a recording; return its id, or None if this period is not recorded."""
        if self._writer is None or not command.record:
            self.note_unrecorded()
            return None
        recording_id = uuid.uuid4()
        is_pcm = command.encoding is Encoding.PCM_S16LE
        row = NewRecording(
            recording_id,
            self._user_id,
            self._session_id,
            command.encoding,
            command.sample_rate if is_pcm else 48_000,
            manner,
            self._writer.directory,
            self._conversation(),
            progress.offset_samples,
        )
        try:
            begun = recordings.begin_recording(self._owner, row)
        except StoreError:
            self._tell_soon("Too many writes wait for the database")
            return None
        file = RecordingFile(
            files.new_sound_path(recording_id, command.encoding),
            command.encoding,
            command.sample_rate,
            self._disk_failed,
            partial(_write_sidecar_unless_begun, begun, row),
        )
        self._recording = _Recording(recording_id, file, begun, progress)
        begun.add_done_callback(partial(self._stop_if_refused, self._recording))
        return str(recording_id)

    async def adopt(self, left: LeftRecording) -> bool:
        """Take over a recording that another process has left; return whether that is possible.

        ``go_on`` follows, unless the session ends before.
        """
        if self._writer is None:
            return False
        path = files.new_sound_path(left.id, left.encoding)
        file = RecordingFile(path, left.encoding, left.sample_rate, self._disk_failed)
        begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        begun.set_result(None)  # its row is there
        self._recording = _Recording(left.id, file, begun, left)  # to be released if cancelled
        if not await self._writer.run(partial(file.reopen, may_be_empty=left.is_empty)):
            self._recording = None
            return False
        recordings.record_listening(self._owner, is_listening=True)
        return True

    def go_on(self, progress: Progress, manner: Manner) -> None:
        """Go on with the recording that was taken over."""
        if self._recording is not None:
            self._recording.progress = progress
            self.mark(manner)

    async def read_written(self, start: int, size: int) -> bytes:
        """Return up to ``size`` bytes of the open recording's sound as it was sent.

        Raises:
            OSError: it cannot be read.
        """
        if self._recording is None or self._writer is None:
            return b""
        return await self._writer.run(partial(self._recording.file.read, start, size))

    async def release(self) -> None:
        """Leave the open recording as it is on the disk, for whichever process goes on with it."""
        recording, self._recording = self._recording, None
        if recording is not None and self._writer is not None:
            self._keep_segments(recording, recording.completed)
            await self._writer.run(recording.file.release)

    def mark(self, manner: Manner) -> None:
        """Note that what comes from now on is interpreted like this, or has another place."""
        recording = self._recording
        if recording is not None:
            progress = recording.progress
            mark = Mark(progress.heard_samples, progress.offset_samples, manner)
            recordings.add_mark(self._owner, recording.id, mark)

    @property
    def may_record(self) -> bool:
        """Whether sound is recorded here, unless its client asks for it not to be."""
        return self._writer is not None

    @property
    def recording_id(self) -> uuid.UUID | None:
        """Return the id of the recording that is being made; None: there is none."""
        return self._recording.id if self._recording is not None else None

    @property
    def written_sound_bytes(self) -> int | None:
        """How much of the client's sound, in bytes as sent, a killed process would leave written.

        None: it is not recorded, or not any more.
        """
        recording = self._recording
        if recording is None or recording.stopped_at is not None:
            return None
        return recording.file.sound_bytes

    def stop_writing(self) -> None:
        """Write no more of the current recording: another process has closed or deleted it."""
        self._stop("Another process closed the recording, or it was deleted")

    def note_unrecorded(self) -> None:
        """Store that the session listens, to sound that is not recorded."""
        recordings.record_listening(self._owner, is_listening=True)

    def append(self, chunk: bytes) -> None:
        """Record the next piece of the client's sound. Never waits."""
        recording = self._recording
        if recording is None or self._writer is None or recording.stopped_at is not None:
            return
        if not self._writer.append(recording.file, chunk):
            self._stop("The disk is too slow")

    def add_utterance(self, utterance: Utterance) -> None:
        """Record an utterance that was cut out of the sound. Never waits."""
        recording = self._recording
        if recording is None or self._writer is None or recording.stopped_at is not None:
            return
        if not self._writer.append_segment(recording.file, utterance.id, utterance.pcm):
            self._stop("The disk is too slow")
            return
        recording.segments[utterance.id] = SegmentFacts(
            utterance.id, utterance.start_sample, utterance.end_sample
        )

    async def finish(self, *, is_whole: bool) -> None:
        """Finish the recording. ``is_whole``: whether the end of the stream was received."""
        noted = recordings.record_listening(self._owner, is_listening=False)
        if noted is not None:
            await behind.is_done_in_time(noted)
        if self._owner.is_lost:  # the file is the other's; the end of the session lets go of it
            return
        self._finish(is_whole=is_whole)
        await self._wait(END_SECONDS)

    async def close(self) -> None:
        """Finish the recording that is still open, and wait for it. May be called twice."""
        self._finish(is_whole=False)
        await self._wait(CLOSE_SECONDS)

    # --- the outcome of the utterances

    def note(self, event: Event) -> None:
        """Note it where ``event`` says that an utterance comes to nothing, and why."""
        if isinstance(event, Discarded):
            self._note_outcome(event.utterance_id, discarded=event.reason)
        elif isinstance(event, Failure) and isinstance(event.about, int):
            self._note_outcome(event.about, discarded=event.code)
            # what is to be tried again shall be known even if the process is killed
            self._keep_completed()

    def note_words(self, exchange: Exchange) -> None:
        """Note the words of an utterance, and their translation."""
        self._note_outcome(
            exchange.utterance_id,
            language=exchange.language,
            text=exchange.source,
            translation=exchange.translated,
        )

    def _note_outcome(self, utterance_id: int, **became: str) -> None:
        recording = self._recording
        segment = recording.segments.pop(utterance_id, None) if recording else None
        if recording is not None and segment is not None:
            facts = SegmentFacts(
                segment.utterance_id, segment.start_sample, segment.end_sample, **became
            )
            recording.completed.append(facts)
            if len(recording.completed) >= ROWS_AT_ONCE:
                self._keep_completed()

    def _keep_completed(self) -> None:
        if (recording := self._recording) is not None:
            completed, recording.completed = recording.completed, []
            self._keep_segments(recording, completed)

    # --- the end, and what may go wrong before it

    def _finish(self, *, is_whole: bool) -> None:
        recording, self._recording = self._recording, None
        if recording is None or self._finisher is None:
            return
        cut_off = [replace(s, discarded="unfinished") for s in recording.segments.values()]
        self._keep_segments(recording, [*recording.completed, *cut_off])
        stopped_at = recording.stopped_at
        progress = recording.progress
        heard = progress.heard_samples if stopped_at is None else stopped_at
        is_rest_due = progress.decided_samples < heard or isinstance(progress, LeftRecording)
        finished = FinishedRecording(
            self._owner,
            recording.id,
            recording.file,
            recording.begun,
            is_whole,
            to_seconds(heard),
            progress.decided_samples if is_rest_due else None,
        )
        self._remember(self._finisher.finish(finished))

    def _keep_segments(self, recording: _Recording, segments: list[SegmentFacts]) -> None:
        if not segments:
            return
        try:
            recordings.save_segments(self._owner, recording.id, segments)
        except StoreError as error:
            logger.warning("session %s: segments were not stored: %s", self._session_id, error)

    async def _wait(self, seconds: float) -> None:
        if self._tasks and not database_thread.is_late:
            await asyncio.wait(self._tasks, timeout=seconds)

    def _disk_failed(self, error: OSError) -> None:
        logger.warning("session %s: its sound could not be written: %s", self._session_id, error)
        if is_exhaustion(error):
            self._stop("Too many files are open")
            return
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        self._stop("The disk is full" if is_full else "The disk cannot be written")

    def _stop_if_refused(self, recording: _Recording, begun: "asyncio.Future[None]") -> None:
        if recording is self._recording and was_refused(begun):
            self._stop("The database refused the recording")

    def _stop(self, why: str) -> None:
        recording = self._recording
        if recording is None or recording.stopped_at is not None:
            return
        recording.stopped_at = recording.progress.heard_samples
        recording.file.is_broken = True
        self._tell_soon(why)

    def _tell_soon(self, why: str) -> None:
        message = f"{why}: the sound is not recorded from here on. Everything else goes on."
        telling = asyncio.create_task(
            self._tell(Failure("recording_stopped", message, about="audio")),
            name=f"habla recorder {self._session_id}",
        )
        self._remember(telling)

    async def _tell(self, failure: Failure) -> None:
        await self._emit(failure)

    def _remember(self, task: "asyncio.Task[None]") -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _write_sidecar_unless_begun(begun: "asyncio.Future[None]", row: NewRecording) -> None:
    """Write the recording's sidecar, unless its row has been written by now. Blocks."""
    if not begun.done() or begun.cancelled() or begun.exception() is not None:
        sidecars.write_sidecar(row)
