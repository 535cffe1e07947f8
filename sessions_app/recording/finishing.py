"""Recordings that are over: their files closed, then their rows, whatever disk and database say.

What a full or a read-only disk does not let be closed is tried again while this process lives.
"""

import asyncio
import logging
import uuid
from contextvars import Context
from dataclasses import dataclass
from functools import partial

from sessions_app.core.errors import StoreError
from sessions_app.recording import files, notes
from sessions_app.recording.recording_file import RecordingFile
from sessions_app.recording.writer import SoundWriter
from sessions_app.store import recordings
from sessions_app.store.database.write_behind import behind

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 2.0
"""How soon a file that could not be closed is tried again; each time twice as long."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A recording to which nothing is added any more."""

    id: uuid.UUID
    file: RecordingFile
    is_whole: bool
    """Whether the end of its stream was heard."""
    duration_seconds: float


class Finisher:
    """Closes the recordings of all sessions of this process."""

    def __init__(self, writer: SoundWriter) -> None:
        self.writer = writer
        self._tasks: set[asyncio.Task[None]] = set()
        self._left = 0
        """How many the database refused to close."""

    def finish(self, finished: Finished) -> "asyncio.Task[None]":
        """Begin to close a recording; return the task, which ends when it is closed."""
        task = asyncio.create_task(
            self._finish(finished), name=f"habla recording {finished.id}", context=Context()
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def flush(self) -> None:
        """Wait until all are closed."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def close(self) -> int:
        """Close the writer, and leave what is not closed to the next start; return how many."""
        for task in self._tasks:
            logger.error("%s is not closed, and left for the next start", task.get_name())
            task.cancel()
        self.writer.close()
        return len(self._tasks) + self._left

    async def _finish(self, finished: Finished) -> None:
        if self.writer.is_closed:  # its session was stuck, and let go only now
            logger.warning("recording %s is left for the next start", finished.id)
            self._left += 1
            return
        has_sound, size = await self._close_files(finished)
        try:
            is_kept = await recordings.complete(
                finished.id,
                duration_seconds=finished.duration_seconds,
                size=size,
                has_sound=has_sound,
            )
        except StoreError as error:
            logger.warning("recording %s is left for the next start: %s", finished.id, error)
            self._left += 1
            return
        if is_kept:
            await self.writer.do(partial(notes.forget, [finished.id]))
        else:
            await self.writer.do(partial(files.remove, finished.id))

    async def _close_files(self, finished: Finished) -> tuple[bool, int]:
        """Return whether there is sound, and how many bytes it all takes, once it is in place."""
        pause = FIRST_PAUSE_SECONDS
        is_told = False
        while True:
            try:
                finish = partial(finished.file.finish, is_whole=finished.is_whole)
                has_sound = await self.writer.do(finish)
                size = await self.writer.do(partial(files.size, finished.id))
            except OSError as error:
                if not is_told:
                    logger.warning("recording %s cannot be closed yet: %s", finished.id, error)
                is_told = True
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            else:
                return has_sound, size


async def keep_all(
    finisher: Finisher | None, seconds: float, hurry: asyncio.Event, hurried_seconds: float
) -> int:
    """Let all that sessions left be kept; return how much is not, after ``seconds``.

    Once somebody is in a ``hurry``, ``hurried_seconds`` must do.
    """
    keeping = asyncio.create_task(_flush(finisher), name="habla keeping")
    hurrying = asyncio.create_task(hurry.wait(), name="habla hurry")
    try:
        first = asyncio.FIRST_COMPLETED
        await asyncio.wait({keeping, hurrying}, timeout=seconds, return_when=first)
        if hurrying.done():
            await asyncio.wait({keeping}, timeout=min(seconds, hurried_seconds))
    finally:
        keeping.cancel()
        hurrying.cancel()
    return (finisher.close() if finisher is not None else 0) + behind.close()


async def _flush(finisher: Finisher | None) -> None:
    if finisher is not None:
        await finisher.flush()
    await behind.flush()
