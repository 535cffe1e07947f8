"""A stage: a bounded inbox and one worker, order kept, failures always heard."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

logger = logging.getLogger(__name__)
T = TypeVar("T")


class Stage(Generic[T]):
    """Does ``work`` on one item after the other, in the order in which they came.

    An item whose work raises is told to ``failed`` and does not stop the next one. ``run`` is the
    worker: whoever makes a stage owns the task that runs it.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[T], Awaitable[None]],
        *,
        failed: Callable[[T, Exception], Awaitable[None]],
        size: int,
    ) -> None:
        self.name = name
        self._work = work
        self._failed = failed
        self._inbox: asyncio.Queue[T] = asyncio.Queue(size)
        self._is_closed = False
        self.is_busy = False
        """Whether the worker has an item in hand."""

    @property
    def waiting(self) -> int:
        """How many items wait in the inbox."""
        return self._inbox.qsize()

    def offer(self, item: T) -> bool:
        """Take ``item`` if there is room; never waits. Return whether it was taken."""
        try:
            self._inbox.put_nowait(item)
        except asyncio.QueueFull:
            return False
        return True

    async def put(self, item: T) -> None:
        """Take ``item``, waiting for room."""
        await self._inbox.put(item)

    async def drained(self) -> None:
        """Wait until all that was taken is done."""
        await self._inbox.join()

    def close(self) -> None:
        """Begin nothing more, whatever becomes of the worker: what it calls may be deaf."""
        self._is_closed = True

    async def run(self) -> None:
        """Work until cancelled, or closed."""
        while not self._is_closed:
            item = await self._inbox.get()
            self.is_busy = True
            try:
                await self._work(item)
            except Exception as error:
                await self._failed(item, error)
            finally:
                self.is_busy = False
                self._inbox.task_done()
