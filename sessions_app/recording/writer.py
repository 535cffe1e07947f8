"""One thread that writes the sound of all sessions, so that no session waits for the disk."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TypeVar

from sessions_app.recording.recording_file import RecordingFile

T = TypeVar("T")

BATCH_SECONDS = 0.25
"""How long sound is collected before the thread gets it.

A killed process loses that, and what still waited for its turn in the session's line."""
MAX_WAITING_BYTES = 4 * 1024 * 1024
"""How much of one recording may wait for a stalled disk: two minutes of PCM."""


class SoundWriter:
    """Takes what is to be written, without ever blocking.

    Chunks are handed to the thread in batches of BATCH_SECONDS: waking it for every chunk of every
    session would cost more than the writing itself.
    """

    def __init__(self, directory: str = "") -> None:
        self.directory = directory
        """The id of the recordings directory."""
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="habla recordings")
        self._executor.submit(int)  # start the thread now, so that counts of threads include it
        self._waiting: dict[RecordingFile, list[bytes]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self.is_closed = False

    def append(self, file: RecordingFile, sound: bytes) -> bool:
        """Write ``sound`` soon; return whether the queue had room for it."""
        if not _accept(file, sound):
            return False
        self._waiting.setdefault(file, []).append(sound)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(BATCH_SECONDS, self._submit_waiting)
        return True

    def append_segment(self, file: RecordingFile, utterance_id: int, pcm: bytes) -> bool:
        """Write an utterance as a file of its own; return whether the queue had room for it."""
        if not _accept(file, pcm):
            return False
        self._submit_waiting()  # the sound it was cut from goes first, in case the disk fills up
        loop = asyncio.get_running_loop()
        work = partial(file.write_segment, utterance_id, pcm)
        self._executor.submit(_attempt, file, work, loop)
        return True

    async def run(self, work: Callable[[], T]) -> T:
        """Run ``work`` in the thread, after everything that was appended; return its result.

        It runs even if the caller is cancelled meanwhile.
        """
        self._submit_waiting()
        return await asyncio.shield(asyncio.wrap_future(self._executor.submit(work)))

    def close(self) -> None:
        """Accept nothing more; what was accepted is still written. May be called twice."""
        if self._waiting:
            self._submit_waiting()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.is_closed = True
        self._executor.shutdown(wait=False)

    def _submit_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting = self._waiting, {}
        if waiting:
            self._executor.submit(_write, waiting, asyncio.get_running_loop())


def _accept(file: RecordingFile, sound: bytes) -> bool:
    if file.accepted_bytes - file.written_bytes + len(sound) > MAX_WAITING_BYTES:
        return False
    file.accepted_bytes += len(sound)
    return True


def _write(waiting: dict[RecordingFile, list[bytes]], loop: asyncio.AbstractEventLoop) -> None:
    for file, chunks in waiting.items():
        _attempt(file, partial(file.write, b"".join(chunks)), loop)


def _attempt(
    file: RecordingFile, work: Callable[[], None], loop: asyncio.AbstractEventLoop
) -> None:
    if file.is_broken:
        return
    try:
        work()
    except OSError as error:
        file.is_broken = True
        if file.on_failure is not None:
            with suppress(RuntimeError):  # the loop has ended, and with it the recorder
                loop.call_soon_threadsafe(file.on_failure, error)
