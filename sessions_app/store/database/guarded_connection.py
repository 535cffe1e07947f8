"""A connection to SQLite that is not opened while the database's file is gone or replaced.

Opening it would apply the old file's write-ahead log to the new one, or create an empty file.
"""

import sqlite3
from typing import Any


class GuardedConnection(sqlite3.Connection):
    """Checks the file of the database before it opens it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # settings name this class, and what it asks needs the settings
        from sessions_app.store.database.errors import DatabaseAwayError  # noqa: PLC0415
        from sessions_app.store.database.identity import identity  # noqa: PLC0415

        if problem := identity.problem_of_file():
            raise DatabaseAwayError(problem)
        super().__init__(*args, **kwargs)
