"""A database that cannot be written, inside a test."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

from django.db import connection

from sessions_app.store.database.thread import database_thread

PATIENCE_MS = 50
"""How long the database thread then waits, in place of the five seconds of a server."""


@asynccontextmanager
async def locked(*statements: str) -> AsyncIterator[None]:
    """Hold the database's write lock until this is left; then execute ``statements``."""
    await database_thread.run(_be_impatient)
    name = connection.settings_dict["NAME"]
    with closing(sqlite3.connect(name, timeout=5, isolation_level=None)) as other:
        other.execute("begin immediate")
        yield
        for statement in statements:
            other.execute(statement)
        other.execute("commit")


def _be_impatient() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"pragma busy_timeout = {PATIENCE_MS}")
