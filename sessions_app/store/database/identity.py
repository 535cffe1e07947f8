"""Whether the database is still the one with which this process began to serve.

A file that is deleted, moved away or replaced stays open, and takes whatever is written: nobody
else would ever see it. So each query looks whether the path still leads to the file that was
opened, and whether that was overwritten (stamp.py), and the server asks every second
whether the database is as old as it was.
"""

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import Error, ProgrammingError, connection
from django.db.backends.signals import connection_created
from django.db.migrations.recorder import MigrationRecorder

from sessions_app.store.database.errors import DatabaseAwayError
from sessions_app.store.database.stamp import DatabaseStamp
from sessions_app.store.database.thread import on_database_thread

logger = logging.getLogger(__name__)

EMPTIED = "The database was emptied while the server ran."
OVERWRITTEN = "The file of the database was overwritten while the server ran."
REPLACED = "The database was replaced by another while the server ran."
Inode = tuple[int, int]
"""Device and number."""


class DatabaseIdentity:
    """Remembers the database of this process, and notices when it was replaced."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._inode: Inode | None = None
        self._made_at: datetime | None = None
        self._log: tuple[Any, Inode | None] = (None, None)
        """The connection that was last checked, and its write-ahead log."""
        self._is_asking = False
        self._stamp = DatabaseStamp()
        self.trouble = ""
        """What the last look found; empty: all is well."""

    @property
    def problem_now(self) -> str:
        """Return what the last look found, or what the file shows now; costs one stat."""
        return self.trouble or self.problem_of_file()

    def remember(self, own_directory: Path | None = None) -> None:
        """Remember the database that is there now as the right one, until ``reset``.

        ``own_directory``: no other server serves what lies right in it.
        """
        self.reset()
        name = str(connection.settings_dict["NAME"])
        if connection.vendor != "sqlite" or name.startswith("file:") or ":memory:" in name:
            return
        path = Path(name).absolute()
        self._path, self._inode = path, _inode(path)
        is_own = own_directory is not None and path.parent == own_directory.absolute()
        self._stamp.begin(path if is_own and self._inode else None)

    def reset(self) -> None:
        """Forget it: any database is the right one."""
        self._path = self._inode = self._made_at = None
        self.trouble = ""
        self._log = (None, None)
        self._stamp.begin(None)

    def problem_of_file(self) -> str:
        """Return what became of the file; empty: it is there, or there is none. Costs one stat."""
        if self._path is None or self._inode is None:
            return ""
        found = _inode(self._path)
        if found == self._inode:
            return OVERWRITTEN if self._stamp.is_foreign() else ""
        became = "is gone" if found is None else "was replaced"
        return f"The file of the database {became} while the server ran."

    def problem(self) -> str:
        """Return why the database is not the one it was; empty: it is, or does not answer. Blocks.

        To be called on the database thread, whose connection it looks through.
        """
        problem = self.problem_of_file()
        if not problem:
            self._is_asking = True
            try:
                problem = self._ask()
            except Error as error:
                problem = EMPTIED if _is_empty(error) else ""
            finally:
                self._is_asking = False
        if problem == OVERWRITTEN and self.trouble != OVERWRITTEN:
            self._stamp.keep_log_off()
        return problem

    def _ask(self) -> str:
        made_at = _made_at()
        self._save_log()
        if self._made_at is None:
            self._made_at = made_at
        if made_at != self._made_at or self._stamp.is_replaced():
            return REPLACED
        if self._stamp.is_copied_back():
            return OVERWRITTEN
        with suppress(Error):  # the database takes no writes now
            self._stamp.renew()
        return ""

    def _save_log(self) -> None:
        """Write into the file what is in a write-ahead log that somebody has deleted.

        This connection still has the log open; the next one would begin a new log, without it.
        """
        if self._path is None:
            return
        inode = _inode(self._path.with_name(f"{self._path.name}-wal"))
        through, known = self._log
        if through is connection.connection and known is not None and inode != known:
            logger.error("the write-ahead log of the database was deleted; it is saved")
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()
            inode = None
        self._log = (connection.connection, inode)

    # --- what looks at each query

    def guard(self, *, connection: Any, **_: Any) -> None:
        """Check the file before each query of a connection."""
        if self._before_query not in connection.execute_wrappers:
            connection.execute_wrappers.append(self._before_query)

    def _before_query(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        if problem := self.problem_of_file() if self._is_asking else self.problem_now:
            raise DatabaseAwayError(problem)
        return execute(sql, params, many, context)


def _inode(path: Path) -> Inode | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _made_at() -> datetime | None:
    """Return when the first table was made: no two databases have that in common."""
    migrations = MigrationRecorder(connection).migration_qs.order_by("pk")
    return migrations.values_list("applied", flat=True).first()


def _is_empty(error: Exception) -> bool:
    return isinstance(error, ProgrammingError) or str(error).startswith("no such table")


identity = DatabaseIdentity()
"""Of this process's database."""


@on_database_thread
def find_problem() -> str:
    """Return what is wrong with this process's database, as far as is seen now; empty: nothing.

    Raises:
        StoreError: it does not answer.
    """
    return identity.problem()


connection_created.connect(identity.guard, dispatch_uid="sessions_app.store.database.identity")
