"""Work that stands in a session's line until its turn comes."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Generic, TypeVar

from sessions_app.protocol import StartListening

T = TypeVar("T")


class Turn(Generic[T]):
    """Work that keeps its place among the chunks; awaiting it gives what the work returns.

    What the work raises goes to whoever awaits it, and is raised by ``take`` where nobody does.
    ``asked_at`` is when it was asked for, on the session's timeline, ``begins`` the command, where
    the work begins a listening period.
    """

    def __init__(
        self,
        work: Callable[[], Awaitable[T]],
        asked_at: int,
        begins: StartListening | None = None,
    ) -> None:
        self._work = work
        self.asked_at = asked_at
        self.begins = begins
        self.came_at = time.monotonic()
        """The same on the monotonic clock."""
        self._has_begun = False
        self._is_awaited = False
        self._result: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def __await__(self) -> Generator[Any, None, T]:
        self._is_awaited = True
        return self._result.__await__()

    async def take(self) -> None:
        """Do the work, since its turn has come; nothing is done if who awaited it was let go."""
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
        """Leave the work out unless it has begun; then raise ``error`` where it is awaited."""
        if not self._has_begun:
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """Raise ``error`` where the work is awaited: it has come to nothing, or never will be."""
        if self._result.done():
            return
        if self._is_awaited:
            self._result.set_exception(error)
        else:
            self._result.cancel()
