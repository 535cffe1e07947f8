"""A number in the head of SQLite's file, by which it is seen that another was copied over it.

Whoever copies a file over another leaves the path leading to the same one (device and inode), and
what reads through SQLite goes on to see the old pages. So the server writes a number of its own
into the head, a new one after each checkpoint, and reads it past SQLite: a backup has another.
"""

import logging
import os
import secrets
import shutil
from datetime import UTC, datetime
from pathlib import Path

from django.db import connection

logger = logging.getLogger(__name__)

OFFSET, LENGTH = 60, 4
"""Where `PRAGMA user_version` stands in the file (sqlite.org/fileformat.html)."""


class DatabaseStamp:
    """The numbers that the file may bear. Only where no other process makes any."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._file = -1
        self._known: frozenset[int] = frozenset()
        self._newest: int | None = None
        self._is_written = self._is_settled = False
        self._looked_at: tuple[int, int] | None = None
        """When the file had changed, and how long it was, where it was last seen to be right."""

    def begin(self, path: Path | None) -> None:
        """Take what bears any number for right, until ``renew``; None: nobody looks."""
        self._path = path
        if path is not None:
            # never closed: that would let go of all locks that SQLite has on it in this process
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._known, self._newest, self._looked_at = frozenset(), None, None

    def is_foreign(self, found: os.stat_result) -> bool:
        """Return whether the file, which looks so, bears a number that is none of ours.

        Costs nothing where it has not changed.
        """
        known = self._known  # first: it changes once another number is in the file
        looks = (found.st_ctime_ns, found.st_size)
        if self._path is None or not known or looks == self._looked_at:
            return False
        number = _read(self._file)
        if number is None:
            return False
        if number not in known:
            return True
        self._looked_at = looks
        return False

    def is_foreign_within(self) -> bool:
        """Return whether SQLite reads a number that is none of ours: it was restored by SQLite.

        Raises:
            django.db.Error: it does not answer.
        """
        return bool(self._known) and _asked() not in self._known

    def renew(self) -> None:
        """Give the file a number if its own is the newest, or none is ours. Blocks.

        Raises:
            django.db.Error: the database takes none; the one that it has still counts.
        """
        if self._path is None or (found := _read(self._file)) is None:
            return
        if self._newest is None or found == self._newest:
            is_first, self._newest = self._newest is None, secrets.randbelow(2**31 - 1) + 1
            self._known |= {found, self._newest}
            self._is_written, self._is_settled = False, not is_first
        with connection.cursor() as cursor:
            if not self._is_written:
                cursor.execute(f"PRAGMA user_version = {self._newest}")  # takes no parameters
                self._is_written = True
            if not self._is_settled:  # the number that was there before is any backup's
                cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
                self._is_settled = _read(self._file) == self._newest
        if (found := _read(self._file)) is not None:
            self._known &= {found, self._newest}

    def keep_log_off(self) -> None:
        """Let nothing that waits for the old file be written into the one that was copied over it.

        It is put aside: what was said last stands there, and only the old file makes sense of it.
        """
        if self._path is None:
            return
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


def _read(file: int) -> int | None:
    """Return the number in the head of a file, -1 while it is copied; None: it cannot be read."""
    try:
        number = os.pread(file, LENGTH, OFFSET)
    except OSError:
        return None
    return int.from_bytes(number, "big") if len(number) == LENGTH else -1


def _asked() -> int:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA user_version")
        return int(cursor.fetchone()[0])
