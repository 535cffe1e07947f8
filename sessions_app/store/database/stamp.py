"""A number in the header of SQLite's file, which shows whether another was copied over it.

When a file is copied over another, device and inode stay the same, and SQLite goes on reading
the old pages from its cache. So the server writes a number of its own into the header, a new one
after each checkpoint, and reads it directly from the file: a backup has another number.
"""

import logging
import os
import secrets
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.db import Error, connection

logger = logging.getLogger(__name__)

OFFSET, LENGTH = 40, 24
"""From `PRAGMA schema_version` to `PRAGMA user_version` (sqlite.org/fileformat.html)."""


@dataclass(frozen=True, slots=True)
class SqliteHeader:
    """What the header of a database holds."""

    schema: int
    """Counts changes of the tables; a backup that SQLite makes has one of its own."""
    number: int
    """What this module writes; -1 where the file is too short to have any."""


class DatabaseStamp:
    """The numbers that the file may bear. Only where no other process makes any."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._file = -1
        self._known: frozenset[int] = frozenset()
        self._newest: int | None = None
        self._schema = 0
        """That of the database when the newest number was made."""
        self._is_written = self._is_in_file = self._is_over = False

    def begin(self, path: Path | None) -> None:
        """Accept a file with any number until ``renew``; ``path`` None: check nothing."""
        self._path = None
        self._known, self._newest, self._is_over = frozenset(), None, False
        if path is None:
            return
        try:
            # never closed: that would release all locks that SQLite has on it in this process
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            logger.exception("it will not be noticed if another file is copied over %s", path)
        else:
            self._path = path

    def is_foreign(self) -> bool:
        """Return whether the file's number is not one of ours. Costs one read of it."""
        known = self._known  # first: it changes once another number is in the file
        if self._path is None or not known:
            return False
        head = _read(self._file)
        return self._is_over or (head is not None and head.number not in known)

    def is_replaced(self) -> bool:
        """Return whether SQLite reads a number that is not ours: it has replaced the content.

        Raises:
            django.db.Error: it does not answer.
        """
        return bool(self._known) and _asked().number not in self._known

    def is_copied_back(self) -> bool:
        """Return whether the file is a backup that SQLite made, with the newest number in it.

        Raises:
            django.db.Error: it does not answer.
        """
        if self._path is None or (head := _read(self._file)) is None or head.number != self._newest:
            return False
        self._is_over = not self._schema <= head.schema <= _asked().schema
        return self._is_over

    def renew(self) -> None:
        """Give the file a number if its own is the newest, or none is ours. Blocks.

        Raises:
            django.db.Error: the database takes none; the one that it has still counts.
        """
        if self._path is None or (head := _read(self._file)) is None:
            return
        if self._newest is None or head.number == self._newest:
            self._schema = _asked().schema
            is_first, self._newest = self._newest is None, secrets.randbelow(2**31 - 1) + 1
            self._known |= {head.number, self._newest}
            self._is_written, self._is_in_file = False, not is_first
        with connection.cursor() as cursor:
            if not self._is_written:
                cursor.execute(f"PRAGMA user_version = {self._newest}")  # takes no parameters
                self._is_written = True
            if not self._is_in_file:  # the number that was there before is any backup's
                cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
                in_file = _read(self._file)
                self._is_in_file = in_file is not None and in_file.number == self._newest
        if (head := _read(self._file)) is not None:
            self._known &= {head.number, self._newest}

    def keep_log_off(self) -> None:
        """Let nothing that waits for the old file be written into the one that was copied over it.

        It is put aside: what was said last stands there, and only the old file makes sense of it.
        Where SQLite itself sees what the file bears, nothing was copied past it, and the log stays.
        """
        if self._path is None or not self._is_log_of_old():
            return
        self._is_over = True
        log = self._path.with_name(f"{self._path.name}-wal")
        aside = log.with_name(f"{log.name}.{datetime.now(UTC):%Y%m%dT%H%M%S}")
        try:
            if not log.stat().st_size:
                return
            shutil.copyfile(log, aside)
            os.truncate(log, 0)
        except OSError:
            logger.exception("%s could not be put aside", log)
        else:
            logger.warning("what waited for the old database is put aside: %s", aside)

    def _is_log_of_old(self) -> bool:
        try:
            connection.ensure_connection()
            with connection.wrap_database_errors:
                # past what looks at each query, which would refuse it
                (number,) = connection.connection.execute("PRAGMA user_version").fetchone()
        except Error:
            return False
        return number in self._known


def _read(file: int) -> SqliteHeader | None:
    """Return what stands in the head of a file; None: it cannot be read."""
    try:
        head = os.pread(file, LENGTH, OFFSET)
    except OSError:
        return None
    if len(head) < LENGTH:  # it is being copied
        return SqliteHeader(0, -1)
    return SqliteHeader(int.from_bytes(head[:4], "big"), int.from_bytes(head[-4:], "big"))


def _asked() -> SqliteHeader:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA schema_version")
        (schema,) = cursor.fetchone()
        cursor.execute("PRAGMA user_version")
        (number,) = cursor.fetchone()
    return SqliteHeader(int(schema), int(number))
