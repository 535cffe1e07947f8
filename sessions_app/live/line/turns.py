"""Work that waits in a session's queue until its turn comes."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Generic, TypeVar

from sessions_app.protocol import ClientCommand, StartListening

T = TypeVar("T")


class Turn(Generic[T]):
    """Work that is queued among the chunks; awaiting it gives what the work returns.

    What the work raises is raised where it is awaited, or by ``take`` if nobody awaits it.
    ``asked_sample`` is when it was asked for, on the session's timeline; ``command`` is the
    client's, if the work does what one asks; ``worker`` returns the task that does all work of the
    queue. ``dropped`` is called if the work will not be done, and nobody awaits it.
    """

    def __init__(
        self,
        work: Callable[[], Awaitable[T]],
        asked_sample: int,
        command: ClientCommand | None = None,
        *,
        worker: Callable[[], asyncio.Task[None] | None] = lambda: None,
        dropped: Callable[[], None] | None = None,
    ) -> None:
        self._work = work
        self._dropped = dropped
        self.asked_sample = asked_sample
        self.command = command
        self.stream: int | None = None
        """The number of the stream that the work begins; None: it begins none."""
        self.came_at = time.monotonic()
        """The same on the monotonic clock."""
        self._worker = worker
        self._error: Exception | None = None
        self._has_begun = False
        self._is_awaited = False
        self._result: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    @property
    def about(self) -> str | None:
        """The type of its command, for errors."""
        return self.command.type if self.command is not None else None

    @property
    def begins(self) -> StartListening | None:
        """Its command, if that begins a listening period."""
        return self.command if isinstance(self.command, StartListening) else None

    def __await__(self) -> Generator[Any, None, T]:
        """Wait for the result.

        Raises:
            RuntimeError: work in the line awaits it, whose turn must end before this one begins.
        """
        if self._error is not None:
            raise self._error
        if asyncio.current_task() is self._worker() and not self._result.done():
            raise RuntimeError("work in a session's line cannot await its own line")
        self._is_awaited = True
        return self._result.__await__()

    async def take(self) -> None:
        """Do the work, since its turn has come, unless it was withdrawn."""
        if self._result.done():
            return
        self._has_begun = True
        try:
            result = await self._work()
        except Exception as error:
            if not self._is_awaited:
                raise
            self.fail(error)
        else:
            if not self._result.done():
                self._result.set_result(result)

    def withdraw(self, error: Exception) -> None:
        """Raise ``error`` where the work is awaited and do not do it, unless it has begun."""
        if not self._has_begun:
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """Raise ``error`` where the work is awaited, since it failed or will not be done.

        If nobody awaits it, ``dropped`` is called instead.
        """
        if self._result.done():
            return
        if self._is_awaited:
            self._result.set_exception(error)
        else:
            self._error = error  # an exception in it would be logged as never retrieved
            self._result.cancel()
            if self._dropped is not None:
                self._dropped()
