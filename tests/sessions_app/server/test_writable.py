"""Whether the database can be written is tested, and /readyz says so while it cannot."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError, connection
from django.test import Client

from sessions_app.models import Server
from sessions_app.server import writable
from sessions_app.store.database.outages import TAKES_NOTHING
from sessions_app.store.database.thread import database_thread
from sessions_app.store.database.write_behind import behind
from tests.house import House, eventually

ALL_PAGES = 1_073_741_823
"""As many pages as SQLite allows (sqlite.org/pragma.html#pragma_max_page_count)."""


def allow_pages(most: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA max_page_count = {most}")  # takes no parameters


def fill() -> None:
    """Leave no space in the database, not even for the smallest row."""
    allow_pages(1)  # SQLite takes as many as there are
    for length in (200, 100, 0):
        with suppress(OperationalError):
            for number in range(100_000):
                Server.objects.create(boot=f"full-{length}-{number}", pid=1, host="x" * length)


def make_room() -> None:
    allow_pages(ALL_PAGES)
    Server.objects.filter(boot__startswith="full-").delete()


@pytest.fixture
async def tried(house: House) -> AsyncIterator[House]:
    """Return a server that tests its database."""
    trying = asyncio.create_task(writable.keep_probing_writes(house.registry))
    yield house
    trying.cancel()
    await asyncio.wait({trying})
    for name in ("database", "disk"):
        house.registry.note_trouble(name, "")


async def readiness() -> tuple[int, list[str]]:
    answer = await sync_to_async(Client(REMOTE_ADDR="192.168.1.7").get)("/readyz")
    return answer.status_code, answer.json()["reasons"]


async def test_a_database_that_is_full_is_told_until_there_is_room_again(
    tried: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writable, "EVERY_SECONDS", 0.05)
    monkeypatch.setattr(writable, "AGAIN_SECONDS", 0.05)
    assert await readiness() == (200, [])
    try:
        await database_thread.run(fill)
        await eventually(lambda: "database" in tried.registry.troubles())
        assert await readiness() == (503, [TAKES_NOTHING])
    finally:
        await database_thread.run(make_room)
    await eventually(lambda: not tried.registry.troubles())
    assert await readiness() == (200, [])


async def test_a_small_row_that_is_taken_ends_no_outage_of_what_waits(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    is_full = True

    def write() -> None:
        if is_full:
            full = sqlite3.OperationalError()
            full.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise OperationalError("database or disk is full") from full

    written = behind.post(write, "a large row")
    assert not await behind.is_done_in_time(written)
    house.registry.note_trouble("disk", "a trouble that is over")
    trying = asyncio.create_task(writable.keep_probing_writes(house.registry))
    await eventually(lambda: "disk" not in house.registry.troubles())  # it was tried once
    assert "answers again" not in caplog.text
    assert await readiness() == (503, [TAKES_NOTHING])
    is_full = False
    await written
    await eventually(lambda: not database_thread.outage.is_on)
    assert await readiness() == (200, [])
    trying.cancel()
    await asyncio.wait({trying})
