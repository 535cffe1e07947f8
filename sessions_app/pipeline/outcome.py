"""The outcome of work that somebody may wait for."""

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")


class Outcome(Generic[T]):
    """A result that is settled once; None: the work was dropped or failed."""

    def __init__(self) -> None:
        self._future: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()

    @property
    def result(self) -> T | None:
        """Return the result if there is one by now, else None."""
        return self._future.result() if self.is_settled else None

    @property
    def is_settled(self) -> bool:
        """Return whether it is settled."""
        return self._future.done()

    def settle(self, result: T | None) -> None:
        """Settle it, unless it is settled, and wake whoever waits."""
        if not self.is_settled:
            self._future.set_result(result)

    async def wait(self) -> T | None:
        """Wait for the result and return it; cancelling this does not cancel the work."""
        return await asyncio.shield(self._future)
