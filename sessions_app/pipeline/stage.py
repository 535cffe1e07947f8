"""A stage of the pipeline: a bounded inbox with one worker, in order, no failure unreported."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, TypeVar

logger = logging.getLogger(__name__)
T = TypeVar("T")


class Stage(Generic[T]):
    """Does ``work`` on one item after the other, in the order in which they came.

    Where the work on an item raises, ``failed`` is called with both, and the next item follows.
    ``run`` is the worker: whoever creates a stage owns the task that runs it. A full inbox makes
    ``put`` wait, which is the pipeline's back-pressure.
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
        self._in_hand: list[T] = []
        self._is_closed = False
        self.worker: asyncio.Task[None] | None = None
        """The task that runs it; None: none does yet."""
        self.is_busy = False
        """Whether the worker is working on an item."""
        self.done_at = time.monotonic()
        """When the last item was done, or the stage created, on the monotonic clock."""

    @property
    def waiting(self) -> int:
        """How many items wait in the inbox."""
        return self._inbox.qsize()

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.is_busy or self.waiting)

    def offer(self, item: T) -> bool:
        """Take ``item`` if there is room; never waits. Return whether it was taken."""
        try:
            self._inbox.put_nowait(item)
        except asyncio.QueueFull:
            return False
        return True

    async def put(self, item: T) -> None:
        """Take ``item``; wait while the inbox is full."""
        await self._inbox.put(item)

    async def join(self) -> None:
        """Wait until everything that was taken is done."""
        await self._inbox.join()

    def close(self) -> None:
        """Begin no more items, even if the worker's current one does not react to cancellation."""
        self._is_closed = True

    def take_rest(self) -> tuple[list[T], list[T]]:
        """Take out of a closed stage what was not done, and return it in order.

        First what the worker was working on when it was cancelled, then what waited.
        """
        in_hand, self._in_hand = self._in_hand, []
        waiting: list[T] = []
        with suppress(asyncio.QueueEmpty):
            while True:
                waiting.append(self._inbox.get_nowait())
                self._inbox.task_done()
        return in_hand, waiting

    async def run(self) -> None:
        """Work until cancelled or closed."""
        self.worker = asyncio.current_task()
        while not self._is_closed:
            item = await self._inbox.get()
            self.is_busy = True
            self._in_hand = [item]
            try:
                await self._do(item)
                self._in_hand = []
            finally:
                self.is_busy = False
                self.done_at = time.monotonic()
                self._inbox.task_done()

    async def _do(self, item: T) -> None:
        try:
            await self._work(item)
        except Exception as error:
            await self._failed(item, error)
