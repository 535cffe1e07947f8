"""What the server does when its database was deleted or replaced since it started."""

import asyncio
import logging
from collections.abc import Callable

from sessions_app.core.events import Failure
from sessions_app.live.registry import Registry
from sessions_app.live.states import EndCause, EndReason
from sessions_app.protocol import CloseCode
from sessions_app.store.database.identity import find_problem, identity
from sessions_app.store.database.thread import database_thread

logger = logging.getLogger(__name__)

ENDED = EndCause(
    EndReason.DATABASE_REPLACED,
    CloseCode.FAILED,
    problem=Failure(
        "database_replaced",
        "The database of this server was deleted or replaced, so this ends. What was not stored by"
        " now is kept only if the old one is put back.",
        fatal=True,
    ),
)


FIRST_LOOK_SECONDS = 2.0
"""How long the start waits for the database before it serves without it."""


async def check_database_at_start() -> None:
    """Identify the database at the start, so that a replacement is noticed later."""
    await asyncio.wait({database_thread.begin(identity.problem)}, timeout=FIRST_LOOK_SECONDS)


class DatabaseGuard:
    """Checks that the database is still the same; if it was replaced, ends the sessions.

    After the first check that finds another one, no new session is accepted and no query made. Only
    after the second the sessions end, since a file may be moved away and back. What is to be stored
    waits, as during any outage of the database (write_behind.py).
    """

    def __init__(self, registry: Registry, say: Callable[[str], None]) -> None:
        self._registry = registry
        self._say = say

    async def is_right(self) -> bool:
        """Return whether the database may be queried.

        Raises:
            StoreError: it does not answer.
        """
        was, problem = identity.trouble, await find_problem()
        identity.trouble = problem
        if problem and not was:
            logger.error("%s Nobody is let in, and nothing is kept, until it is back.", problem)
            self._say(f"{problem} Put it back, or restart Habla.")
        elif problem:
            self._registry.end(list(self._registry.sessions), ENDED)
        elif was:
            logger.warning("the database is back")
            self._say("The database is back.")
        return not problem
