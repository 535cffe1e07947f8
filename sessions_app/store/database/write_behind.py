"""Write-behind: a queue of writes, done in order as soon as the database allows, however late.

A session queues what was said and goes on; the rows follow. During an outage a bounded number of
writes waits, and each is retried until it succeeds; after an error that may not pass, such as a
damaged page, for a bounded time. Each write may be done twice without harm: if the connection
breaks, nobody knows whether it was committed.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import Error, IntegrityError
from django.db.models import QuerySet

from sessions_app.core import counters
from sessions_app.core.errors import ClaimedError, DeletedError, StoreError
from sessions_app.store.database.errors import DoubtTimer, RetryVerdict, verdict_on
from sessions_app.store.database.outages import is_outage, reason_of
from sessions_app.store.database.thread import (
    LATE_SECONDS,
    NO_ANSWER,
    DatabaseThread,
    database_thread,
)

logger = logging.getLogger(__name__)
R = TypeVar("R")

MOST_OF_ONE = 1_000
"""How many writes of one session may wait."""
MOST_WAITING = 10_000
"""How many of all sessions: some 30 MB. What ends a session or a recording always has room."""
AT_ONCE = 16
"""How many are written in one call of the database thread."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 1.0
"""How soon a write that failed is tried again; each time twice as long, up to the longest."""


@dataclass(frozen=True, slots=True, eq=False)
class _Write(Generic[R]):
    """One thing to be written."""

    work: Callable[[], R]
    what: str
    owner: Hashable | None
    done: "asyncio.Future[R]"


class WriteBehind:
    """The queue of a process's writes, and the one task that does them in order.

    The task is there only while something waits.
    """

    def __init__(self, thread: DatabaseThread) -> None:
        self._lane = thread
        self._waiting: deque[_Write[Any]] = deque()
        self._by_owner: Counter[Hashable] = Counter()
        self._watchers: set[asyncio.Future[None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._doubt = DoubtTimer()

    def __len__(self) -> int:
        """Return how many writes wait."""
        return len(self._waiting)

    def post(
        self, work: Callable[[], R], what: str, *, owner: Hashable | None = None
    ) -> "asyncio.Future[R]":
        """Queue ``work``; the future gives its result.

        ``work`` is called on the database thread, and retried until the database takes it. How much
        may wait of one ``owner`` is limited. To cancel the wait for the result does not cancel the
        write.

        Raises:
            StoreError: there is no room; it will never be kept.
        """
        self._drop_other_loops()
        if owner is not None:
            self._find_room(owner)
        write = _Write(work, what, owner, asyncio.get_running_loop().create_future())
        write.done.add_done_callback(_retrieve)
        self._waiting.append(write)
        self._count()
        if self._task is None:
            self._start()
        return write.done

    async def is_done_in_time(self, written: "asyncio.Future[Any]") -> bool:
        """Return whether a write is done soon; False as soon as the database is known to be late.

        LATE_SECONDS at most.
        """
        if written.done():
            return True
        if self._lane.is_late:
            return False
        watcher = asyncio.get_running_loop().create_future()
        self._watchers.add(watcher)

        def wake(_: object) -> None:
            if not watcher.done():
                watcher.set_result(None)

        written.add_done_callback(wake)
        try:
            async with asyncio.timeout(LATE_SECONDS):
                await watcher
        except TimeoutError:
            self._be_late(NO_ANSWER)
        finally:
            self._watchers.discard(watcher)
            written.remove_done_callback(wake)
        return written.done()

    async def in_time(self, written: "asyncio.Future[Any]") -> bool:
        """Wait for a write, no longer than where the database is late; return whether it is done.

        Raises:
            StoreError: it was refused; DeletedError: since what it belongs to was deleted;
                ClaimedError: since another process has the session.
        """
        is_done = await self.is_done_in_time(written)
        if is_done:
            written.result()
        return is_done

    async def join(self) -> None:
        """Wait until nothing waits any more."""
        self._drop_other_loops()
        while self._task is not None:
            await asyncio.wait({self._task})

    def close(self) -> int:
        """Give up what still waits; return how much that is. May be called twice."""
        left = list(self._waiting)
        self._waiting.clear()
        self._by_owner.clear()
        if self._task is not None and not self._task.get_loop().is_closed():
            self._task.cancel()
        self._task = None
        for what, count in Counter(write.what for write in left).items():
            logger.error("the database did not take in time: %d of %s", count, what)
        self._count()
        return len(left)

    # --- the room

    def _find_room(self, owner: Hashable) -> None:
        if self._by_owner[owner] >= MOST_OF_ONE or len(self._waiting) >= MOST_WAITING:
            self._lane.outage.lost += 1
            counters.LOST.inc()
            raise StoreError("Too much waits for the database; this is not kept.")
        self._by_owner[owner] += 1

    def _count(self) -> None:
        self._lane.outage.waiting = len(self._waiting)
        counters.UNWRITTEN.set(len(self._waiting))

    def _drop_other_loops(self) -> None:
        task = self._task
        if task is not None and task.get_loop() is not asyncio.get_running_loop():
            self._task = None
            self._waiting.clear()
            self._by_owner.clear()

    # --- the work

    def _start(self) -> None:
        # whose session began it is no matter to its log lines
        self._task = asyncio.create_task(self._write_all(), name="habla writes", context=Context())
        self._task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if task is not self._task:
            return
        self._task = None
        if not task.cancelled() and task.exception() is not None:
            logger.error("writing broke", exc_info=task.exception())
        if self._waiting:
            self._start()

    async def _write_all(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while self._waiting:
            if await self._write([*self._waiting][:AT_ONCE]):
                pause = FIRST_PAUSE_SECONDS
            else:
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _write(self, writes: list[_Write[Any]]) -> bool:
        """Write what the database takes of these; return whether it took all it was asked."""
        call = self._lane.begin(lambda: _write_in_turn(writes))
        _, late = await asyncio.wait({call}, timeout=LATE_SECONDS)
        if late:
            self._be_late(NO_ANSWER)
        written, failure = await asyncio.shield(call)
        for write, (result, refusal) in zip(writes, written, strict=False):
            self._note_outcome(write, result, refusal)
        if failure is None:
            self._lane.outage.ended()
            return True
        failed = writes[len(written)]
        if verdict_on(failure) is RetryVerdict.DOUBTFUL and self._doubt.is_over():
            # else it would keep all others waiting for ever
            self._note_outcome(failed, None, failure)
            return True
        self._be_late(f"the database refused {failed.what}: {reason_of(failure)}")
        return False

    def _note_outcome(self, write: _Write[Any], result: Any, refusal: Exception | None) -> None:
        if self._waiting and self._waiting[0] is write:
            self._waiting.popleft()
            if write.owner is not None:
                self._by_owner[write.owner] -= 1
                self._by_owner = +self._by_owner
            self._count()
        if refusal is not None:
            _log_refusal(write.what, refusal)
        if write.done.done():
            return
        if refusal is None:
            write.done.set_result(result)
        else:
            write.done.set_exception(_told_of(refusal))

    def _be_late(self, reason: str) -> None:
        self._lane.outage.failed(reason)
        watchers, self._watchers = self._watchers, set()
        for watcher in watchers:
            if not watcher.done():
                watcher.set_result(None)


@contextmanager
def belonging_to(*owners: QuerySet[Any]) -> Iterator[None]:
    """Write rows that belong to one row of each of ``owners``. Blocks.

    Raises:
        DeletedError: one of those was deleted.
    """
    try:
        yield
    except IntegrityError as error:
        if all(rows.exists() for rows in owners):
            raise
        raise DeletedError from error


def _write_in_turn(
    writes: list[_Write[Any]],
) -> tuple[list[tuple[Any, Exception | None]], Exception | None]:
    """Write until the database fails; return each result or refusal, and how it failed or None."""
    written: list[tuple[Any, Exception | None]] = []
    for write in writes:
        try:
            written.append((write.work(), None))
        except Error as error:
            if is_outage(error):
                return written, error
            written.append((None, error))
        except Exception as bug:  # noqa: BLE001 -- handed over: what follows shall be written all the same
            written.append((None, bug))
    return written, None


def _log_refusal(what: str, refusal: Exception) -> None:
    if isinstance(refusal, DeletedError):
        logger.warning("%s: not kept, since what it belongs to was deleted", what)
    elif isinstance(refusal, ClaimedError):  # what is not kept here comes to the other
        logger.info("%s: not kept, since another process has the session", what)
    elif isinstance(refusal, Error):
        logger.error("the database refused %s: %s", what, reason_of(refusal))
    else:
        logger.error("the database refused %s", what, exc_info=refusal)


def _told_of(refusal: Exception) -> StoreError:
    if isinstance(refusal, DeletedError | ClaimedError):
        return refusal
    return StoreError("The database could not keep this.")


def _retrieve(written: "asyncio.Future[Any]") -> None:
    if not written.cancelled():
        written.exception()  # whoever waits is told; who does not, has the log


behind = WriteBehind(database_thread)
"""The process's only one."""
