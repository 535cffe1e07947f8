"""What an error of the database means for a write: whether to retry it."""

import re
import sqlite3
from enum import Enum
from time import monotonic

from django.db import DatabaseError, InterfaceError, InternalError, OperationalError

DOUBT_SECONDS = 10.0
"""How long a write is retried after errors of which it is not known whether they pass."""
FORGOTTEN_SECONDS = 60.0
"""After so long without such an error, the time of DOUBT_SECONDS begins again."""
ANSWERS = re.compile(r"^no such |has no column named |syntax error|^too many ")
"""How SQLite says what is wrong with a statement or a table, all by the one code SQLITE_ERROR."""
SQLITE_PASSES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)
PRIMARY_CODE = 0xFF
"""The part of an extended code of SQLite that names the kind (sqlite.org/rescode.html)."""
POSTGRESQL_PASSES = ("08", "25", "28", "40", "53", "55", "57", "58")
"""Connection, read-only, logins, conflicts, resources, state, operators, system: all may change."""
POSTGRESQL_ANSWERS = ("42", "54")
"""What is wrong with a statement or with how much there is (PostgreSQL's manual, appendix A)."""


class DatabaseAwayError(OperationalError):
    """The file of the database is gone, or is another; it may come back."""


class RetryVerdict(Enum):
    """What a retry would bring."""

    ANSWER = "answer"
    """The same error: a constraint, a column that does not exist."""
    PASSES = "passes"
    """Success, sooner or later: the database is away, locked, full or read-only."""
    DOUBTFUL = "doubtful"
    """Not known: the database is damaged, or the error is not known here."""


def verdict_on(error: BaseException) -> RetryVerdict:
    """Return what a retry after ``error`` would bring."""
    if not _is_of_whole(error):
        return RetryVerdict.ANSWER
    if isinstance(error, InterfaceError | DatabaseAwayError):
        return RetryVerdict.PASSES
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & PRIMARY_CODE
        if code in SQLITE_PASSES:
            return RetryVerdict.PASSES
    elif cause is not None:
        state = getattr(cause, "sqlstate", None) or ""  # none: it was never reached
        if not state or state.startswith(POSTGRESQL_PASSES):
            return RetryVerdict.PASSES
        if state.startswith(POSTGRESQL_ANSWERS):
            return RetryVerdict.ANSWER
    return RetryVerdict.ANSWER if ANSWERS.search(str(error)) else RetryVerdict.DOUBTFUL


def _is_of_whole(error: BaseException) -> bool:
    # SQLite has no names of its own for most errors, and for a damaged file the plainest one
    kinds = (OperationalError, InterfaceError, InternalError)
    return isinstance(error, kinds) or type(error) is DatabaseError


class DoubtTimer:
    """Measures how long only doubtful errors have come; ``is_over`` is called for each."""

    def __init__(self) -> None:
        self._since = 0.0
        self._last_at: float | None = None

    def is_over(self) -> bool:
        """Note an error; return whether they have come for so long that a retry is useless."""
        now = monotonic()
        if self._last_at is None or now - self._last_at > FORGOTTEN_SECONDS:
            self._since = now
        self._last_at = now
        return now - self._since >= DOUBT_SECONDS
