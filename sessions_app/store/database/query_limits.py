"""Time limits for a user's searches, and for a transaction in which nothing happens."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from time import monotonic
from typing import Any

from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _

from sessions_app.core.errors import CommandError

SEARCH_SECONDS = 4.0
"""How long a search may take, and how long it may wait for its turn."""
SEARCHES_AT_ONCE = 2
"""In this process: a search holds a thread, and of SQLite a whole core."""
STEPS = 1_000
"""How many of its instructions SQLite runs between two checks of the time."""
IDLE_SECONDS = 10
"""How long a transaction on PostgreSQL may do nothing: its process is frozen, and holds locks."""
QUERY_CANCELED = "57014"
"""PostgreSQL's error code for a query that ``statement_timeout`` ended."""

_turns = BoundedSemaphore(SEARCHES_AT_ONCE)


@contextmanager
def search_limits() -> Iterator[None]:
    """Let all queries inside take SEARCH_SECONDS together. Blocks.

    Raises:
        CommandError: ``search_too_slow``: it took longer, or too many others search.
    """
    if not _turns.acquire(timeout=SEARCH_SECONDS):
        raise _too_slow()
    try:
        with _limited_by_database():
            yield
    except OperationalError as error:
        if _was_interrupted(error):
            raise _too_slow() from error
        raise
    finally:
        _turns.release()


@contextmanager
def _limited_by_database() -> Iterator[None]:
    connection.ensure_connection()
    if connection.vendor == "sqlite":
        end = monotonic() + SEARCH_SECONDS
        raw = connection.connection
        raw.set_progress_handler(lambda: monotonic() > end, STEPS)
        try:
            yield
        finally:
            raw.set_progress_handler(None, 0)
    elif connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                milliseconds = int(SEARCH_SECONDS * 1000)
                cursor.execute(f"SET LOCAL statement_timeout = {milliseconds}")
            yield
    else:
        yield


def _was_interrupted(error: OperationalError) -> bool:
    code = getattr(error.__cause__, "sqlstate", None)
    return code == QUERY_CANCELED or str(error) == "interrupted"


def _too_slow() -> CommandError:
    message = _("The search took too long; use fewer words, or longer ones.")
    return CommandError(message, code="search_too_slow")


def limit_idle_transactions(*, connection: Any, **_: Any) -> None:
    """Let PostgreSQL end a transaction whose process is frozen, so that others need not wait.

    By default it waits for ever. The process finds its connection closed when it goes on.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET idle_in_transaction_session_timeout = {IDLE_SECONDS * 1000}")
