"""What the server does when its database is not the one any more with which it began."""

import asyncio
import logging
from collections.abc import Callable

from sessions_app.core.events import Failure
from sessions_app.live.registry import Registry
from sessions_app.live.states import EndCause
from sessions_app.protocol import CloseCode
from sessions_app.store.database.identity import identity
from sessions_app.store.database.thread import database_thread

logger = logging.getLogger(__name__)

ENDED = EndCause(
    "database_replaced",
    CloseCode.FAILED,
    problem=Failure(
        "database_replaced",
        "The database of this server was deleted or replaced, so this ends. What was not stored by"
        " now is kept only if the old one is put back.",
        fatal=True,
    ),
)


FIRST_LOOK_SECONDS = 2.0
"""How long the server waits for the database before it serves all the same."""


async def check_database_at_start() -> None:
    """Look at the database once: only then can it be told from its own backup."""
    await asyncio.wait({database_thread.begin(identity.problem)}, timeout=FIRST_LOOK_SECONDS)


class DatabaseGuard:
    """Looks whether the database is the same; ends the sessions of one that is lost.

    At the first look that finds another one, nobody is let in any more and nothing is asked of it;
    at the second, since files are also moved away and back, the sessions end. What is to be kept
    waits, as for any database that does not answer (write_behind.py).
    """

    def __init__(self, registry: Registry, say: Callable[[str], None]) -> None:
        self._registry = registry
        self._say = say

    async def is_right(self) -> bool:
        """Return whether the database may be asked.

        Raises:
            StoreError: it does not answer.
        """
        was, problem = identity.trouble, await database_thread.run(identity.problem)
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
