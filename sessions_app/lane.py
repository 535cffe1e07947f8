"""The database lane: one thread, first in first out, for all that sessions read and write.

Channels would send every query through the process's one sync thread, where a slow page stops
every microphone (docs/lifecycle.md, H16). A call here is shielded: one whose caller was cancelled
still completes, before any later call (H17).
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import ParamSpec, TypeVar

from django.db import Error, close_old_connections, connections

from sessions_app.descriptors import OUT, ran_out
from sessions_app.errors import StoreError

logger = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")

LIMIT_SECONDS = 10.0
"""How long a caller waits for its turn and its answer."""


class Lane:
    """One thread for the database, started when it is first used."""

    def __init__(self) -> None:
        self._executor: ThreadPoolExecutor | None = None

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what ``work`` returns, called on the lane.

        Raises:
            StoreError: the database failed, or did not answer within LIMIT_SECONDS.
        """
        call = asyncio.wrap_future(self._submit(lambda: work(*args, **kwargs)))
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                return await asyncio.shield(call)
        except TimeoutError as error:
            call.add_done_callback(_hear_late_failure)
            raise StoreError("The database does not answer.") from error
        except asyncio.CancelledError:
            call.add_done_callback(_hear_late_failure)
            raise
        except Error as error:
            logger.exception("the database refused %s", getattr(work, "__name__", work))
            message = OUT if ran_out(error) else "The database could not keep this."
            raise StoreError(message) from error

    def close(self, seconds: float = LIMIT_SECONDS) -> bool:
        """Finish what was begun and close the lane's connections; return whether that was done.

        Waits up to ``seconds``; what the database keeps for longer is left to itself. Blocks. May
        be called twice.
        """
        if self._executor is None:
            return True
        closing = self._submit(connections.close_all)
        is_closed = closing in wait({closing}, seconds).done
        self._executor.shutdown(wait=is_closed)
        self._executor = None
        return is_closed

    def _submit(self, work: Callable[[], R]) -> Future[R]:
        if self._executor is None:
            self._executor = ThreadPoolExecutor(
                1, thread_name_prefix="habla database", initializer=_keep_connections
            )
        return self._executor.submit(_with_fresh_connection, work)


def _keep_connections() -> None:
    """Let this thread's connections outlive a call.

    Those of pages end with their request: each request has a thread of its own under ASGI, and what
    a dead thread leaves open stays so until the garbage collector comes by.
    """
    for connection in connections.all():
        connection.settings_dict = connection.settings_dict | {"CONN_MAX_AGE": None}


def _with_fresh_connection(work: Callable[[], R]) -> R:
    close_old_connections()
    return work()


def _hear_late_failure(call: "asyncio.Future[R]") -> None:
    if not call.cancelled() and call.exception() is not None:
        logger.error("a database call failed after its caller had left", exc_info=call.exception())


lane = Lane()
"""The process's only one."""
