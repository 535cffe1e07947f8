"""What comes of work that somebody may wait for."""

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")


class Outcome(Generic[T]):
    """Is settled once; whoever waits gets what came of it, or None: it came to nothing."""

    def __init__(self) -> None:
        self._future: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()

    @property
    def result(self) -> T | None:
        """Return what came of it so far; None: nothing yet, or nothing at all."""
        return self._future.result() if self.is_settled else None

    @property
    def is_settled(self) -> bool:
        """Return whether it is known."""
        return self._future.done()

    def settle(self, result: T | None) -> None:
        """Give whoever waits what came of it, unless that is known."""
        if not self.is_settled:
            self._future.set_result(result)

    async def wait(self) -> T | None:
        """Return what came of it, however long that takes; cancelling ends the wait alone."""
        return await asyncio.shield(self._future)
