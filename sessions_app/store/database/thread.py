"""The database thread: one, first in first out, for all that sessions read and write.

Channels would send every query through the process's one sync thread, where a slow page stops
every microphone (docs/lifecycle.md, H16). A call here is shielded: one whose caller was cancelled
still completes, before any later call (H17). One whose caller's time ran out before its turn came
is withdrawn: what is told to have failed is not done later.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import wraps
from time import monotonic
from typing import Any, ParamSpec, TypeVar

from django.db import Error, close_old_connections, connections

from sessions_app.core.descriptors import EXHAUSTED, was_exhausted
from sessions_app.core.errors import StoreError, StoreUnavailableError
from sessions_app.store.database.outages import TAKES_NOTHING, Outage, is_outage, reason_of

logger = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")

LIMIT_SECONDS = 10.0
"""How long a caller waits for its turn and its answer."""
LATE_SECONDS = 2.0
"""How long a call may take before the database counts as late; while it is, nobody waits longer."""
SLICE_SECONDS = 0.05
"""So long the end waits at a time. A wait that takes longer was held up, which does not count."""
LEFT = "a database call failed after its caller had left"
NO_ANSWER = f"the database gives no answer for {LATE_SECONDS:g} s"


class DatabaseThread:
    """One thread for the database, started when it is first used."""

    def __init__(self) -> None:
        self._executor: ThreadPoolExecutor | None = None
        self._busy_since: float | None = None
        self.outage = Outage()
        """Whether the database fails."""

    @property
    def is_late(self) -> bool:
        """Return whether the database is known to fail, or has not answered for LATE_SECONDS."""
        since = self._busy_since
        return self.outage.is_on or (since is not None and monotonic() - since >= LATE_SECONDS)

    def troubles(self) -> dict[str, str]:
        """Return what is wrong with the database as far as is known by now, by its name."""
        return {"database": TAKES_NOTHING} if self.is_late else {}

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what ``work`` returns, called on the database thread.

        Raises:
            StoreUnavailableError: the database fails, or did not answer within LIMIT_SECONDS; while
                it is late, within LATE_SECONDS.
            StoreError: it refused this.
        """
        limit = min(LIMIT_SECONDS, LATE_SECONDS) if self.is_late else LIMIT_SECONDS
        submitted = self._submit(lambda: work(*args, **kwargs))
        call = asyncio.wrap_future(submitted)
        try:
            async with asyncio.timeout(limit):
                return await asyncio.shield(call)
        except TimeoutError as error:
            if not submitted.cancel():
                call.add_done_callback(self._hear_late_failure)
            self.outage.failed(NO_ANSWER)
            raise StoreUnavailableError("The database does not answer.") from error
        except asyncio.CancelledError:
            call.add_done_callback(self._hear_late_failure)
            raise
        except Error as error:
            raise self.explain(error, getattr(work, "__name__", str(work))) from error

    def begin(self, work: Callable[[], R]) -> "asyncio.Future[R]":
        """Return what will be what ``work`` returns, however long it takes."""
        return asyncio.wrap_future(self._submit(work))

    def begin_unawaited(self, work: Callable[[], object]) -> None:
        """Have ``work`` done for which nobody waits, as by a task that is cancelled."""
        self.begin(work).add_done_callback(lambda done: done.cancelled() or done.exception())

    def explain(self, error: BaseException, what: str) -> StoreError:
        """Return what a failure of the database is to people; note or log it as what it is."""
        if is_outage(error):
            self.outage.failed(f"the database refused {what}: {reason_of(error)}")
            message = EXHAUSTED if was_exhausted(error) else "The database could not keep this."
            return StoreUnavailableError(message)
        logger.error("the database refused %s", what, exc_info=error)
        return StoreError("The database could not keep this.")

    def close(self, seconds: float = LIMIT_SECONDS) -> bool:
        """Finish what was begun and close its connections; return whether that was done.

        Waits up to ``seconds``; what the database keeps for longer is left to itself. Blocks. May
        be called twice.
        """
        self.outage.reset()
        if self._executor is None:
            return True
        closing = self._submit(connections.close_all)
        is_closed = _is_done_within(closing, seconds)
        self._executor.shutdown(wait=is_closed)
        self._executor = None
        return is_closed

    def _submit(self, work: Callable[[], R]) -> Future[R]:
        if self._executor is None:
            self._executor = ThreadPoolExecutor(
                1, thread_name_prefix="habla database", initializer=_keep_connections
            )
        return self._executor.submit(self._do, work)

    def _do(self, work: Callable[[], R]) -> R:
        self._busy_since = monotonic()
        try:
            close_old_connections()
            return work()
        finally:
            self._busy_since = None

    def _hear_late_failure(self, call: "asyncio.Future[Any]") -> None:
        if call.cancelled() or (error := call.exception()) is None:
            return
        if is_outage(error):
            self.outage.failed(f"{LEFT}: {reason_of(error)}")
        else:
            logger.error(LEFT, exc_info=error)


def _is_done_within(call: Future[Any], seconds: float) -> bool:
    """Wait for ``call``, not counting time in which this process is held up. Blocks."""
    while not call.done() and seconds > 0:
        wait({call}, SLICE_SECONDS)
        seconds -= SLICE_SECONDS
    return call.done()


def _keep_connections() -> None:
    """Let this thread's connections outlive a call.

    Those of pages end with their request: each request has a thread of its own under ASGI, and what
    a dead thread leaves open stays so until the garbage collector comes by.
    """
    for connection in connections.all():
        connection.settings_dict = connection.settings_dict | {"CONN_MAX_AGE": None}


database_thread = DatabaseThread()
"""The process's only one."""


def on_database_thread(query: Callable[P, R]) -> Callable[P, Coroutine[Any, Any, R]]:
    """Return a coroutine function that calls ``query`` on the database thread.

    It raises what ``DatabaseThread.run`` does.
    """

    @wraps(query)
    async def call(*args: P.args, **kwargs: P.kwargs) -> R:
        return await database_thread.run(query, *args, **kwargs)

    return call
