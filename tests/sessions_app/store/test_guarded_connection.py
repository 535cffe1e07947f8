"""A file that replaced the database is not even opened."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection

from sessions_app.store.database.errors import DatabaseAwayError
from sessions_app.store.database.guarded_connection import GuardedConnection
from sessions_app.store.database.identity import identity


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the file of a database with a write-ahead log, which this process serves."""
    path = tmp_path / "habla.sqlite3"
    monkeypatch.setitem(connection.settings_dict, "NAME", str(path))
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("pragma journal_mode=wal")
        writer.execute("create table words (word)")
        identity.remember()
        yield path
        identity.reset()


def test_the_one_that_is_served_is_opened(served: Path) -> None:
    with closing(sqlite3.connect(served, factory=GuardedConnection)) as reader:
        assert reader.execute("select count(*) from words").fetchone() == (0,)


def test_no_log_is_laid_over_one_that_was_put_in_its_place(served: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    with closing(sqlite3.connect(backup)) as other:
        other.execute("create table other (word)")
    before = backup.read_bytes()
    backup.replace(served)
    with pytest.raises(DatabaseAwayError):
        sqlite3.connect(served, factory=GuardedConnection)
    assert served.read_bytes() == before


def test_none_is_made_where_it_was(served: Path) -> None:
    served.unlink()
    with pytest.raises(DatabaseAwayError):
        sqlite3.connect(served, factory=GuardedConnection)
    assert not served.exists()
