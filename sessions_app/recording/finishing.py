"""Finishing recordings: their files are closed, then their rows, even if disk or database fail.

A file that cannot be closed on a full or read-only disk is tried again for as long as this process
lives.
"""

import asyncio
import logging
import uuid
from contextvars import Context
from dataclasses import dataclass
from functools import partial

from sessions_app.core.errors import ClaimedError, DeletedError, StoreError
from sessions_app.recording import files, sidecars
from sessions_app.recording.recording_file import RecordingFile
from sessions_app.recording.writer import SoundWriter
from sessions_app.store import recordings
from sessions_app.store.database.write_behind import behind
from sessions_app.store.row_owner import RowOwner

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 2.0
"""Pause before a file that could not be closed is tried again; it doubles each time."""


@dataclass(frozen=True, slots=True)
class FinishedRecording:
    """A recording to which nothing more is added."""

    owner: RowOwner
    """Of its session's rows."""
    id: uuid.UUID
    file: RecordingFile
    begun: "asyncio.Future[None]"
    """Done once its row is written; it raises where the database refuses the row."""
    is_whole: bool
    """Whether the end of its stream was received."""
    duration_seconds: float
    undecided_from: int | None = None
    """From which sample on it was not cut into utterances; None: from nowhere on."""


def was_refused(begun: "asyncio.Future[None]") -> bool:
    """Return whether there never was a row, although nobody deleted what it belongs to."""
    if not begun.done() or begun.cancelled():
        return False
    return begun.exception() is not None and not isinstance(begun.exception(), DeletedError)


class RecordingFinisher:
    """Finishes the recordings of all sessions of this process."""

    def __init__(self, writer: SoundWriter) -> None:
        self.writer = writer
        self._tasks: set[asyncio.Task[None]] = set()
        self._unfinished = 0
        """How many could not be finished, and are left for the next start."""

    def finish(self, finished: FinishedRecording) -> "asyncio.Task[None]":
        """Begin to finish a recording; return the task, which ends when it is finished."""
        task = asyncio.create_task(
            self._finish(finished), name=f"habla recording {finished.id}", context=Context()
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def join(self) -> None:
        """Wait until all recordings are finished."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def close(self) -> int:
        """Close the writer; return how many recordings are left for the next start to recover."""
        for task in self._tasks:
            logger.error("%s is not finished; the next start recovers it", task.get_name())
            task.cancel()
        self.writer.close()
        return len(self._tasks) + self._unfinished

    async def _finish(self, finished: FinishedRecording) -> None:
        if self.writer.is_closed:  # its session was stuck until now
            logger.warning("recording %s: the next start recovers it", finished.id)
            self._unfinished += 1
            return
        has_sound, size = await self._close_files(finished)
        try:
            is_kept = await recordings.complete_recording(
                finished.owner,
                finished.id,
                duration_seconds=finished.duration_seconds,
                size=size,
                has_sound=has_sound,
                undecided_from=finished.undecided_from,
            )
        except ClaimedError:
            return
        except StoreError as error:
            logger.warning("recording %s: the next start recovers it: %s", finished.id, error)
            self._unfinished += 1
            return
        if is_kept:
            await self.writer.run(partial(sidecars.delete_sidecars, [finished.id]))
        elif size and was_refused(finished.begun):
            logger.error("recording %s has no row; the next start tries again", finished.id)
            self._unfinished += 1
        else:  # it was deleted, or nothing came
            await self.writer.run(partial(files.delete_or_log, finished.id))

    async def _close_files(self, finished: FinishedRecording) -> tuple[bool, int]:
        """Close the files; return whether there is sound, and how many bytes all files take."""
        pause = FIRST_PAUSE_SECONDS
        is_logged = False
        while True:
            try:
                finish = partial(finished.file.finish, is_whole=finished.is_whole)
                has_sound = await self.writer.run(finish)
                size = await self.writer.run(partial(files.total_bytes, finished.id))
            except OSError as error:
                if not is_logged:
                    logger.warning("recording %s cannot be closed yet: %s", finished.id, error)
                is_logged = True
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            else:
                return has_sound, size


async def finish_all(
    finisher: RecordingFinisher | None, seconds: float, hurry: asyncio.Event, hurried_seconds: float
) -> int:
    """Finish all recordings and pending writes within ``seconds``; return how many are left undone.

    Once ``hurry`` is set, at most ``hurried_seconds`` more are spent.
    """
    finishing = asyncio.create_task(_join(finisher), name="habla finishing")
    hurried = asyncio.create_task(hurry.wait(), name="habla hurry")
    try:
        first = asyncio.FIRST_COMPLETED
        await asyncio.wait({finishing, hurried}, timeout=seconds, return_when=first)
        if hurried.done():
            await asyncio.wait({finishing}, timeout=min(seconds, hurried_seconds))
    finally:
        finishing.cancel()
        hurried.cancel()
    return (finisher.close() if finisher is not None else 0) + behind.close()


async def _join(finisher: RecordingFinisher | None) -> None:
    if finisher is not None:
        await finisher.join()
    await behind.join()
