"""One thread for small pieces of blocking work, handed over in batches."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from weakref import WeakSet

from sessions_app.core.errors import EngineError

T = TypeVar("T")

MOST_AT_ONCE = 32
"""Pieces in one batch: with more, the first ones would wait too long for their results."""
GATHERING_SECONDS = 0.000_1
"""How long a batch is gathered after the one before, for each user of the thread ..."""
LONGEST_GATHERING_SECONDS = 0.012
"""... and at most, unless MOST_AT_ONCE pieces are there before."""

Piece = tuple[Callable[[], Any], "asyncio.Future[Any]", bool]
"""The work, its result, and whether it is done even if nobody waits for it any more."""
Outcome = tuple[Any, Exception | None]


class BatchingThread:
    """Does pieces of work in one thread, in the order in which they came.

    Work that came while the thread was busy goes to it as one batch and comes back as one, and the
    more users there are, the longer a batch is gathered: a thread that is woken for every chunk of
    every session, and wakes the loop in turn, costs a third as much as the work itself.
    """

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._users: WeakSet[object] = WeakSet()
        self._waiting: list[Piece] = []
        self._next_at = 0.0
        self._gathering: asyncio.TimerHandle | None = None
        self._is_busy = False
        self._is_closed = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def add_user(self, user: object) -> None:
        """Note that ``user`` brings work repeatedly, until it leaves or is garbage-collected."""
        self._users.add(user)

    def remove_user(self, user: object) -> None:
        """Note that ``user`` brings no more work. May be called twice."""
        self._users.discard(user)

    async def do(self, work: Callable[[], T], *, surely: bool = False) -> T:
        """Return what ``work`` returns, or raise what it raises.

        Work whose caller was cancelled before its turn is skipped, unless it is to be done
        ``surely``; work that has begun is finished.

        Raises:
            EngineError: the thread is closed.
        """
        if self._is_closed:
            raise EngineError("The engines were unloaded.")
        # asking for the running loop is a system call, in Python 3.11
        loop = self._loop = self._loop or asyncio.get_running_loop()
        result: asyncio.Future[T] = loop.create_future()
        self._waiting.append((work, result, surely))
        if not self._is_busy:
            self._hand_over_in_time(loop)
        return await result

    def close(self) -> None:
        """Accept no more work, and fail what waits. May be called twice."""
        self._is_closed = True
        self._stop_gathering()
        waiting, self._waiting = self._waiting, []
        for _, result, _ in waiting:
            if not result.done():
                result.set_exception(EngineError("The engines were unloaded."))
        self._executor.shutdown(wait=False)

    def _hand_over_in_time(self, loop: asyncio.AbstractEventLoop) -> None:
        if len(self._waiting) >= MOST_AT_ONCE or loop.time() >= self._next_at:
            self._hand_over(loop)
        elif self._gathering is None:
            self._gathering = loop.call_at(self._next_at, self._hand_over, loop)

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        self._stop_gathering()
        self._is_busy = True
        gathering = min(GATHERING_SECONDS * len(self._users), LONGEST_GATHERING_SECONDS)
        self._next_at = loop.time() + gathering
        pieces, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
        self._executor.submit(self._do_batch, pieces, loop)

    def _stop_gathering(self) -> None:
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None

    def _do_batch(self, pieces: list[Piece], loop: asyncio.AbstractEventLoop) -> None:
        outcomes = [
            _outcome(work) if surely or not result.done() else None
            for work, result, surely in pieces
        ]
        loop.call_soon_threadsafe(self._deliver, pieces, outcomes, loop)

    def _deliver(
        self,
        pieces: list[Piece],
        outcomes: list[Outcome | None],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        for (_, result, _), outcome in zip(pieces, outcomes, strict=True):
            if outcome is None or result.done():
                continue
            value, error = outcome
            if error is None:
                result.set_result(value)
            else:
                result.set_exception(error)
        self._is_busy = False
        if self._waiting:
            self._hand_over_in_time(loop)


def _outcome(work: Callable[[], Any]) -> Outcome:
    try:
        return work(), None
    except Exception as error:  # noqa: BLE001 -- raised to whoever asked for the work
        return None, error
