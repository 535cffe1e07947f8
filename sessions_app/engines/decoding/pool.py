"""Processes that decode live streams, one for each stream, up to a limit."""

import asyncio
from collections.abc import Callable

from sessions_app.core.errors import CommandError, EngineError
from sessions_app.engines.decoding.process import DecoderProcess


class DecoderPool:
    """Starts a process for each stream that libav must decode.

    ``most`` returns how many there may be at once, of 14 MB each; it is asked each time.
    """

    def __init__(self, most: Callable[[], int]) -> None:
        self._most = most
        self._open: set[DecoderProcess] = set()
        self._is_closed = False

    async def open(self, container: str) -> DecoderProcess:
        """Return a decoder for one stream in ``container``; the caller must close it.

        Raises:
            CommandError: ``too_many_streams``.
            EngineError: no process can be started, or the engines were unloaded.
            OSError: no more files can be opened.
        """
        if self._is_closed:
            raise EngineError("The engines were unloaded.")
        if len(self._open) >= self._most():
            message = "Too many streams of this kind are decoded here; try again in a moment."
            raise CommandError(message, code="too_many_streams")
        process = DecoderProcess(container, self._open.discard)
        self._open.add(process)
        try:
            await process.start()
        except BaseException:  # also a cancellation: its place is free again
            self._open.discard(process)
            raise
        return process

    async def aclose(self) -> None:
        """End all of them, and start no more. May be called twice."""
        self._is_closed = True
        await asyncio.gather(*(process.close() for process in list(self._open)))
