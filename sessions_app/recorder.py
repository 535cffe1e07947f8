"""What keeps a session's sound: a recording for each listening period, with its utterances."""

import asyncio
import errno
import logging
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sessions_app import recording_store, sound_files
from sessions_app.audio import Encoding, to_seconds
from sessions_app.errors import StoreError
from sessions_app.events import Discarded, Event, Exchange, Failure
from sessions_app.pipeline.utterance import Manner, Utterance
from sessions_app.protocol import StartListening
from sessions_app.recording_store import NewRecording, Segment
from sessions_app.sound_writing import SoundWriter
from sessions_app.tapes import Tape

logger = logging.getLogger(__name__)

END_SECONDS = 2.0
"""How long the end of a listening period waits for its recording; it goes on without it."""
CLOSE_SECONDS = 4.0
"""How long a session that closes waits for it; what is late is salvaged by the next start."""
ROWS_AT_ONCE = 4
"""How many utterances are noted together: each alone would cost as much as all other recording."""

Emit = Callable[[Event], Awaitable[None]]
Keep = Callable[[Exchange, Utterance], Awaitable[Exchange]]


@dataclass(slots=True)
class _Recording:
    """The recording of the listening period that is open."""

    id: uuid.UUID
    tape: Tape
    heard: Callable[[], int]
    """Samples decoded so far."""
    segments: dict[int, Segment] = field(default_factory=dict)
    """Those of which it is not known what they become, by utterance."""
    settled: list[Segment] = field(default_factory=list)
    """Those of which it is known, and which have no row yet."""
    stopped_at: int | None = None
    """After how many samples it broke off."""


class Recorder:
    """Writes what the client sends, as it comes, and every utterance that was cut out of it.

    Nothing here makes the sound wait, and whatever fails here ends the recording, never the
    session. Without a ``writer`` nothing is recorded.
    """

    def __init__(
        self, session_id: uuid.UUID, user_id: int, writer: SoundWriter | None, emit: Emit
    ) -> None:
        self._session_id = session_id
        self._user_id = user_id
        self._writer = writer
        self._emit = emit
        self._recording: _Recording | None = None
        self._notes: set[asyncio.Task[None]] = set()

    # --- a listening period

    def begin(
        self, command: StartListening, manner: Manner, heard: Callable[[], int]
    ) -> str | None:
        """Begin a recording; return its id, or None if nothing is recorded.

        ``heard`` returns how many samples were decoded so far.
        """
        if self._writer is None:
            self.attend()
            return None
        recording_id = uuid.uuid4()
        path = sound_files.new_path(recording_id, command.encoding)
        tape = Tape(path, command.encoding, command.sample_rate, self._disk_failed)
        self._recording = _Recording(recording_id, tape, heard)
        is_pcm = command.encoding is Encoding.PCM_S16LE
        row = NewRecording(
            recording_id,
            self._user_id,
            self._session_id,
            command.encoding,
            command.sample_rate if is_pcm else 48_000,
            manner,
            self._writer.directory,
        )
        self._note(recording_store.begin_recording(row))
        return str(recording_id)

    def attend(self) -> None:
        """Note that the session listens, to something that is not recorded."""
        self._note(recording_store.note_listening(self._session_id, is_listening=True))

    def take(self, chunk: bytes) -> None:
        """Record the next of what the client sent. Never waits."""
        recording = self._recording
        if recording is None or self._writer is None or recording.stopped_at is not None:
            return
        if not self._writer.append(recording.tape, chunk):
            self._stop("The disk is too slow")

    def cut(self, utterance: Utterance) -> None:
        """Record an utterance that was cut out of the sound. Never waits."""
        recording = self._recording
        if recording is None or self._writer is None or recording.stopped_at is not None:
            return
        if not self._writer.keep_segment(recording.tape, utterance.id, utterance.pcm):
            self._stop("The disk is too slow")
            return
        recording.segments[utterance.id] = Segment(
            utterance.id, utterance.start_sample, utterance.end_sample
        )

    async def end(self, *, is_whole: bool) -> None:
        """Close the recording. ``is_whole``: whether the end of the stream was heard."""
        self._note(recording_store.note_listening(self._session_id, is_listening=False))
        recording, self._recording = self._recording, None
        if recording is not None:
            completing = self._note(self._complete(recording, is_whole=is_whole))
            await asyncio.wait({completing}, timeout=END_SECONDS)

    async def close(self) -> None:
        """Close the recording that is still open, and finish all notes. May be called twice."""
        recording, self._recording = self._recording, None
        if recording is not None:
            self._note(self._complete(recording, is_whole=False))
        if self._notes:
            _, late = await asyncio.wait(self._notes, timeout=CLOSE_SECONDS)
            for note in late:
                logger.error(
                    "session %s: its recording is left for the next start", self._session_id
                )
                note.cancel()

    # --- what becomes of the utterances

    def watch(self, emit: Emit) -> Emit:
        """Return an ``emit`` that also notes which utterances come to nothing, and why."""

        async def watched(event: Event) -> None:
            if isinstance(event, Discarded):
                self._settle(event.utterance_id, discarded=event.reason)
            elif isinstance(event, Failure) and isinstance(event.about, int):
                self._settle(event.about, discarded=event.code)
            await emit(event)

        return watched

    def watch_keeping(self, keep: Keep) -> Keep:
        """Return a ``keep`` that also notes the words and the translation."""

        async def watched(exchange: Exchange, utterance: Utterance) -> Exchange:
            kept = await keep(exchange, utterance)
            self._settle(
                utterance.id,
                language=exchange.language,
                text=exchange.source,
                translation=exchange.translated,
            )
            return kept

        return watched

    def _settle(self, utterance_id: int, **became: str) -> None:
        recording = self._recording
        segment = recording.segments.pop(utterance_id, None) if recording else None
        if recording is not None and segment is not None:
            settled = Segment(
                segment.utterance_id, segment.start_sample, segment.end_sample, **became
            )
            recording.settled.append(settled)
            if len(recording.settled) >= ROWS_AT_ONCE:
                settled_so_far, recording.settled = recording.settled, []
                self._note(recording_store.keep_segments(recording.id, settled_so_far))

    # --- the end, and what goes wrong before it

    async def _complete(self, recording: _Recording, *, is_whole: bool) -> None:
        if self._writer is None:
            return
        cut_off = [replace(s, discarded="unfinished") for s in recording.segments.values()]
        if recording.settled or cut_off:
            await recording_store.keep_segments(recording.id, [*recording.settled, *cut_off])
        finish = partial(recording.tape.finish, is_whole=is_whole)
        try:
            has_sound = await self._writer.do(finish)
        except OSError:
            logger.exception("recording %s is left for the next start to salvage", recording.id)
            return
        size = await self._writer.do(partial(sound_files.size, recording.id))
        stopped_at = recording.stopped_at
        heard = recording.heard() if stopped_at is None else stopped_at
        if not await recording_store.complete(
            recording.id, duration_seconds=to_seconds(heard), size=size, has_sound=has_sound
        ):
            await self._writer.do(partial(sound_files.remove, recording.id))

    def _disk_failed(self, error: OSError) -> None:
        logger.warning("session %s: its sound was not written: %s", self._session_id, error)
        if error.errno in (errno.EMFILE, errno.ENFILE):
            self._stop("Too many files are open")
            return
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        self._stop("The disk is full" if is_full else "The disk cannot be written")

    def _stop(self, why: str) -> None:
        recording = self._recording
        if recording is None or recording.stopped_at is not None:
            return
        recording.stopped_at = recording.heard()
        recording.tape.is_broken = True
        message = f"{why}: the sound is not recorded from here on. All else goes on."
        self._note(self._tell(Failure("recording_stopped", message, about="audio")))

    async def _tell(self, failure: Failure) -> None:
        await self._emit(failure)

    def _note(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Do what nobody waits for, in the order in which it was asked for."""
        note = asyncio.create_task(self._try(work), name=f"habla recorder {self._session_id}")
        self._notes.add(note)
        note.add_done_callback(self._notes.discard)
        return note

    async def _try(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except StoreError as error:
            logger.warning("session %s: its recording was not noted: %s", self._session_id, error)
            self._stop("The database does not keep it")
