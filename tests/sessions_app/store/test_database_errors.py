"""Which errors of the database are temporary, which are final, and which are unknown."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from django.db import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
    connection,
)
from psycopg import errors

from sessions_app.store.database.errors import DatabaseAwayError, RetryVerdict, verdict_on
from sessions_app.store.database.outages import is_outage

Provoke = Callable[[Path], None]


def lock(path: Path) -> None:
    with closing(sqlite3.connect(path)) as one, closing(sqlite3.connect(path, timeout=0)) as other:
        one.execute("begin immediate")
        other.execute("insert into t values (1)")


def fill(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("pragma max_page_count = 2")
        database.execute("insert into t values (zeroblob(100000))")


def forbid(path: Path) -> None:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        database.execute("insert into t values (1)")


def miss(path: Path) -> None:
    with closing(sqlite3.connect(path / "nowhere")) as database:
        database.execute("select 1")


def ask(statement: str) -> Provoke:
    def execute(path: Path) -> None:
        with closing(sqlite3.connect(path)) as database:
            database.execute(statement)

    return execute


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:4096] + b"x" * 4096)
    ask("select * from t")(path)


def scrawl(path: Path) -> None:
    path.write_text("no database " * 1_000)
    ask("select * from t")(path)


@pytest.mark.parametrize(
    ("provoke", "verdict"),
    [
        (lock, RetryVerdict.PASSES),
        (fill, RetryVerdict.PASSES),
        (forbid, RetryVerdict.PASSES),
        (miss, RetryVerdict.PASSES),
        (damage, RetryVerdict.DOUBTFUL),
        (scrawl, RetryVerdict.DOUBTFUL),
        pytest.param(ask("select * from nowhere"), RetryVerdict.ANSWER, id="table"),
        pytest.param(ask("select nothing from t"), RetryVerdict.ANSWER, id="column"),
        pytest.param(ask("insert into t (nothing) values (1)"), RetryVerdict.ANSWER, id="named"),
        pytest.param(ask("insert in t"), RetryVerdict.ANSWER, id="syntax"),
        pytest.param(ask("insert into t values (1), (1)"), RetryVerdict.ANSWER, id="constraint"),
    ],
)
def test_of_sqlite(provoke: Provoke, verdict: RetryVerdict, tmp_path: Path) -> None:
    path = tmp_path / "database"
    ask("create table t (x unique)")(path)
    with pytest.raises(Error) as raised, connection.wrap_database_errors:
        provoke(path)
    assert verdict_on(raised.value) is verdict
    assert is_outage(raised.value) is (verdict is not RetryVerdict.ANSWER)


@pytest.mark.parametrize(
    ("kind", "cause", "verdict"),
    [
        (OperationalError, psycopg.OperationalError("connection refused"), RetryVerdict.PASSES),
        (OperationalError, errors.AdminShutdown(), RetryVerdict.PASSES),
        (OperationalError, errors.DiskFull(), RetryVerdict.PASSES),
        (OperationalError, errors.LockNotAvailable(), RetryVerdict.PASSES),
        (OperationalError, errors.DeadlockDetected(), RetryVerdict.PASSES),
        (InternalError, errors.ReadOnlySqlTransaction(), RetryVerdict.PASSES),
        (InternalError, errors.IndexCorrupted(), RetryVerdict.DOUBTFUL),
        (OperationalError, errors.ProgramLimitExceeded(), RetryVerdict.ANSWER),
        (ProgrammingError, errors.UndefinedColumn(), RetryVerdict.ANSWER),
        (DataError, errors.StringDataRightTruncation(), RetryVerdict.ANSWER),
        (IntegrityError, errors.ForeignKeyViolation(), RetryVerdict.ANSWER),
    ],
)
def test_of_postgresql(kind: type[Error], cause: Exception, verdict: RetryVerdict) -> None:
    error = kind("...")
    error.__cause__ = cause
    assert verdict_on(error) is verdict


def test_of_django_and_of_the_file() -> None:
    assert verdict_on(InterfaceError("connection already closed")) is RetryVerdict.PASSES
    assert verdict_on(DatabaseAwayError("The file is gone.")) is RetryVerdict.PASSES
    assert verdict_on(OperationalError("out of cheese")) is RetryVerdict.DOUBTFUL
    assert verdict_on(DatabaseError("Save with update_fields did not affect any rows.")) is (
        RetryVerdict.DOUBTFUL
    )
    assert verdict_on(ValueError()) is RetryVerdict.ANSWER
