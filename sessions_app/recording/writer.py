"""One thread that writes the sound of all sessions, a little late, so that nobody waits for it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TypeVar

from sessions_app.recording.recording_file import RecordingFile

T = TypeVar("T")

LATE_SECONDS = 0.25
"""How late sound is handed to the thread: what a process that is killed loses of it."""
BYTES_WAITING = 4 * 1024 * 1024
"""How much of one recording may wait for a disk that stalls: two minutes of PCM."""


class SoundWriter:
    """Takes what is to be written without ever waiting.

    What came within LATE_SECONDS goes over in one go: a thread that is woken for every chunk of
    every session costs more than the writing.
    """

    def __init__(self, directory: str = "") -> None:
        self.directory = directory
        """The id of the directory of recordings."""
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="habla recordings")
        self._executor.submit(int)  # the thread is there from the beginning, and counted
        self._waiting: dict[RecordingFile, list[bytes]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self.is_closed = False

    def append(self, file: RecordingFile, sound: bytes) -> bool:
        """Write ``sound`` soon; return whether there was room for it."""
        if not _take(file, sound):
            return False
        self._waiting.setdefault(file, []).append(sound)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(LATE_SECONDS, self._hand_over)
        return True

    def keep_segment(self, file: RecordingFile, utterance_id: int, pcm: bytes) -> bool:
        """Write an utterance as a file of its own; return whether there was room for it."""
        if not _take(file, pcm):
            return False
        self._hand_over()  # first what it was cut from, should the disk fill up
        loop = asyncio.get_running_loop()
        work = partial(file.write_segment, utterance_id, pcm)
        self._executor.submit(_try, file, work, loop)
        return True

    async def do(self, work: Callable[[], T]) -> T:
        """Return what ``work`` returns, done when all that came before is written.

        It is done even if the caller is cancelled meanwhile.
        """
        self._hand_over()
        return await asyncio.shield(asyncio.wrap_future(self._executor.submit(work)))

    def close(self) -> None:
        """Take nothing more; what was taken is still written. May be called twice."""
        if self._waiting:
            self._hand_over()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.is_closed = True
        self._executor.shutdown(wait=False)

    def _hand_over(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting = self._waiting, {}
        if waiting:
            self._executor.submit(_write, waiting, asyncio.get_running_loop())


def _take(file: RecordingFile, sound: bytes) -> bool:
    if file.taken_bytes - file.written_bytes + len(sound) > BYTES_WAITING:
        return False
    file.taken_bytes += len(sound)
    return True


def _write(waiting: dict[RecordingFile, list[bytes]], loop: asyncio.AbstractEventLoop) -> None:
    for file, chunks in waiting.items():
        _try(file, partial(file.write, b"".join(chunks)), loop)


def _try(file: RecordingFile, work: Callable[[], None], loop: asyncio.AbstractEventLoop) -> None:
    if file.is_broken:
        return
    try:
        work()
    except OSError as error:
        file.is_broken = True
        if file.failed is not None:
            with suppress(RuntimeError):  # the loop has ended, and with it who would be told
                loop.call_soon_threadsafe(file.failed, error)
