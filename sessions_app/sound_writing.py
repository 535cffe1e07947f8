"""One thread that writes the sound of all sessions, a little late, so that nobody waits for it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TypeVar

from sessions_app.tapes import Tape

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
        self._waiting: dict[Tape, list[bytes]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self.is_closed = False

    def append(self, tape: Tape, sound: bytes) -> bool:
        """Write ``sound`` soon; return whether there was room for it."""
        if not _take(tape, sound):
            return False
        self._waiting.setdefault(tape, []).append(sound)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(LATE_SECONDS, self._hand_over)
        return True

    def keep_segment(self, tape: Tape, utterance_id: int, pcm: bytes) -> bool:
        """Write an utterance as a file of its own; return whether there was room for it."""
        if not _take(tape, pcm):
            return False
        self._hand_over()  # first what it was cut from, should the disk fill up
        loop = asyncio.get_running_loop()
        work = partial(tape.write_segment, utterance_id, pcm)
        self._executor.submit(_try, tape, work, loop)
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


def _take(tape: Tape, sound: bytes) -> bool:
    if tape.taken_bytes - tape.written_bytes + len(sound) > BYTES_WAITING:
        return False
    tape.taken_bytes += len(sound)
    return True


def _write(waiting: dict[Tape, list[bytes]], loop: asyncio.AbstractEventLoop) -> None:
    for tape, chunks in waiting.items():
        _try(tape, partial(tape.write, b"".join(chunks)), loop)


def _try(tape: Tape, work: Callable[[], None], loop: asyncio.AbstractEventLoop) -> None:
    if tape.is_broken:
        return
    try:
        work()
    except OSError as error:
        tape.is_broken = True
        if tape.failed is not None:
            with suppress(RuntimeError):  # the loop has ended, and with it who would be told
                loop.call_soon_threadsafe(tape.failed, error)
