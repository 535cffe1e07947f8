"""A database that older code of Habla made is migrated, and loses nothing."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

ROOT = Path(__file__).parents[3]
BEFORE_ORIGIN = ROOT / "tests" / "databases" / "before_origin.sql"
RENAMED = {("sessions_app_exchange", "playback_id"): "origin"}
"""The columns that have another name by now."""
GROWING = ("auth_permission", "django_content_type", "django_migrations")
"""Tables in which migrations themselves put rows."""

Row = dict[str, object]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Return the database of a data directory, as older code left it."""
    with closing(sqlite3.connect(tmp_path / "habla.sqlite3")) as connection:
        connection.executescript(BEFORE_ORIGIN.read_text())
        connection.row_factory = sqlite3.Row
        yield connection


def rows(database: sqlite3.Connection) -> dict[str, list[Row]]:
    """Return all rows of all tables, by the table's name."""
    tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {
        table: [dict(row) for row in database.execute(f'SELECT * FROM "{table}" ORDER BY 1')]
        for (table,) in tables.fetchall()
        if not table.startswith("sqlite_")
    }


def as_they_were(table: str, found: list[Row], columns: Iterable[str]) -> list[Row]:
    """Return rows with the columns of before, by the names of before."""
    return [{each: row[RENAMED.get((table, each), each)] for each in columns} for row in found]


def migrate(data_dir: Path) -> None:
    command = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
    environment = os.environ | {"HABLA_DATA_DIR": str(data_dir)}
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


@pytest.mark.slow
def test_a_database_of_the_version_before_is_migrated_with_all_its_rows(
    database: sqlite3.Connection, tmp_path: Path
) -> None:
    before = rows(database)
    assert [table for table, kept in before.items() if not kept] == []

    migrate(tmp_path)

    after = rows(database)
    applied = [(row["app"], row["name"]) for row in after["django_migrations"]]
    assert ("sessions_app", "0014_origin") in applied
    for table, kept in before.items():
        found = after[table][: len(kept)] if table in GROWING else after[table]
        assert as_they_were(table, found, kept[0]) == kept
    (ticket,) = after["sessions_app_watchticket"]
    said = [
        row for row in after["sessions_app_exchange"] if row["session_id"] == ticket["session_id"]
    ]
    assert ticket["conversation_id"] == said[-1]["conversation_id"]
    assert ticket["ended_at"] is None
    (origin,) = {row["origin"] for row in after["sessions_app_exchange"] if row["origin"]}
    assert origin in [row["id"] for row in after["playback_app_playback"]]


@pytest.mark.slow
def test_what_apertium_translated_before_is_marked_as_the_gist(
    database: sqlite3.Connection, tmp_path: Path
) -> None:
    with database:
        database.execute("UPDATE sessions_app_exchange SET translator = 'apertium' WHERE id = 4")

    migrate(tmp_path)

    rows_after = rows(database)["sessions_app_exchange"]
    assert [row["id"] for row in rows_after if row["is_gist"]] == [4]


@pytest.mark.django_db
def test_whoever_is_logged_in_stays_so() -> None:
    moved = import_module("sessions_app.migrations.0015_login_backend_moved")
    ana, client = User.objects.create_user("ana"), Client(REMOTE_ADDR="192.0.2.7")
    client.force_login(ana, backend=moved.NOW)
    address = "/history/"
    assert client.get(address).status_code == 200

    editor = SimpleNamespace(connection=connection)
    moved.rename_back(apps, editor)
    assert client.get(address).status_code == 302  # as it was kept by the version before

    moved.rename_backend(apps, editor)
    assert client.get(address).status_code == 200
    assert moved.NOW in settings.AUTHENTICATION_BACKENDS
