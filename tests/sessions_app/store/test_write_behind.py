"""Write-behind: what waits is bounded, in order, and written once, as soon as possible."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from threading import get_ident

import pytest
from django.db import IntegrityError, OperationalError, connection

from sessions_app.core.errors import StoreError
from sessions_app.store.database import errors
from sessions_app.store.database import write_behind as room
from sessions_app.store.database.thread import DatabaseThread, database_thread
from sessions_app.store.database.write_behind import WriteBehind

pytestmark = pytest.mark.django_db(transaction=True)


class Database:
    """A database that takes what is written to it, unless it is away."""

    def __init__(self) -> None:
        self.is_away = False
        self.took: list[int] = []

    def take(self, number: int) -> int:
        if self.is_away:
            full = sqlite3.OperationalError()
            full.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise OperationalError("the disk is full\nand more") from full
        if number < 0:
            raise IntegrityError("no negative numbers")
        self.took.append(number)
        return number


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
async def behind() -> AsyncIterator[WriteBehind]:
    lane = DatabaseThread()
    behind = WriteBehind(lane)
    yield behind
    behind.close()
    await asyncio.to_thread(lane.close)


def post(behind: WriteBehind, database: Database, number: int) -> "asyncio.Future[int]":
    return behind.post(lambda: database.take(number), "a number", owner="one")


async def test_what_is_written_is_written_in_its_order(
    behind: WriteBehind, database: Database
) -> None:
    written = [post(behind, database, number) for number in range(50)]
    assert await asyncio.gather(*written) == list(range(50))
    assert database.took == list(range(50))
    assert len(behind) == 0


async def test_it_is_written_on_the_thread_that_was_given(behind: WriteBehind) -> None:
    here, of_process = (
        await behind.post(get_ident, "a thread"),
        await database_thread.run(get_ident),
    )
    assert here != of_process
    await asyncio.to_thread(database_thread.close)


async def test_what_cannot_be_written_now_is_not_waited_for_and_written_later_with_one_line_each(
    behind: WriteBehind, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    database.is_away = True
    first, second = post(behind, database, 1), post(behind, database, 2)
    assert not await behind.is_done_in_time(first)
    assert not await behind.is_done_in_time(second)
    assert len(behind) == 2
    database.is_away = False
    async with asyncio.timeout(5):
        assert [await first, await second] == [1, 2]
        await behind.join()
    assert database.took == [1, 2]
    told = [record.getMessage() for record in caplog.records]
    assert told[0] == "the database refused a number: the disk is full; what is to be kept waits"
    assert told[1].startswith("the database answers again, after ")
    assert len(told) == 2


async def test_what_is_refused_is_refused_and_keeps_nothing_else_waiting(
    behind: WriteBehind, database: Database
) -> None:
    refused, kept = post(behind, database, -1), post(behind, database, 1)
    assert await kept == 1
    with pytest.raises(StoreError, match=r"The database could not keep this\."):
        await refused


class Broken:
    """Writes that never end well, and how often they were tried."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.tries = 0
        with closing(sqlite3.connect(path)) as database:
            database.execute("create table t (x)")
            database.execute("insert into t values (1)")
            database.commit()
        path.write_bytes(path.read_bytes()[:4096] + b"x" * 4096)

    def reach_a_damaged_page(self) -> None:
        self.tries += 1
        with connection.wrap_database_errors, closing(sqlite3.connect(self._path)) as database:
            database.execute("insert into t values (2)")

    def name_a_column_that_is_not_there(self) -> None:
        self.tries += 1
        with connection.cursor() as cursor:
            cursor.execute("insert into sessions_app_server (nowhere) values (1)")

    def say_something_unknown(self) -> None:
        self.tries += 1
        raise OperationalError("out of cheese")


@pytest.fixture
def broken(tmp_path: Path) -> Broken:
    return Broken(tmp_path / "broken")


@pytest.mark.parametrize("how", [Broken.reach_a_damaged_page, Broken.say_something_unknown])
async def test_what_is_never_taken_is_given_up_in_time_and_what_follows_is_written(
    how: Callable[[Broken], None],
    behind: WriteBehind,
    database: Database,
    broken: Broken,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(errors, "DOUBT_SECONDS", 0.5)
    never, kept = behind.post(lambda: how(broken), "a page"), post(behind, database, 1)
    assert not await behind.is_done_in_time(kept)
    async with asyncio.timeout(30):
        assert await kept == 1
        with pytest.raises(StoreError, match=r"The database could not keep this\."):
            await never
        assert broken.tries > 1
        broken.tries = 0
        with pytest.raises(StoreError):  # the next one keeps nobody waiting any more
            await behind.post(lambda: how(broken), "a page")
        assert broken.tries == 1
        assert await post(behind, database, 2) == 2
    told = [record.getMessage().partition(": ")[0] for record in caplog.records]
    late, refused = told[:2]
    assert late == refused == "the database refused a page"
    assert told[2].startswith("the database answers again, after ")
    assert told[3:] == [refused]
    assert [record.exc_info for record in caplog.records] == [None] * 4


async def test_a_column_that_is_not_there_is_refused_at_once_and_keeps_nothing_waiting(
    behind: WriteBehind, database: Database, broken: Broken
) -> None:
    never = behind.post(broken.name_a_column_that_is_not_there, "a row")
    kept = post(behind, database, 1)
    async with asyncio.timeout(30):
        with pytest.raises(StoreError):
            await never
        assert await kept == 1
    assert broken.tries == 1


async def test_a_database_that_is_full_is_waited_for_however_long(
    behind: WriteBehind, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errors, "DOUBT_SECONDS", 0.0)
    database.is_away = True
    first, second = post(behind, database, 1), post(behind, database, 2)
    assert not await behind.is_done_in_time(first)
    assert (len(behind), first.done()) == (2, False)
    database.is_away = False
    async with asyncio.timeout(30):
        assert [await first, await second] == [1, 2]


async def test_more_than_may_wait_is_lost_told_and_counted(
    behind: WriteBehind, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MOST_OF_ONE", 3)
    database.is_away = True
    written = [post(behind, database, number) for number in range(3)]
    with pytest.raises(StoreError, match="Too much waits") as lost:
        post(behind, database, 3)
    assert lost.value.code == "not_kept"
    other = behind.post(lambda: database.take(9), "a number", owner="other")
    end = behind.post(lambda: database.take(10), "the end")
    database.is_away = False
    async with asyncio.timeout(5):
        await asyncio.gather(*written, other, end)
    assert database.took == [0, 1, 2, 9, 10]
    assert await post(behind, database, 4) == 4


async def test_what_nobody_waits_for_any_more_is_written_all_the_same(
    behind: WriteBehind, database: Database
) -> None:
    waiter = asyncio.ensure_future(behind.in_time(post(behind, database, 1)))
    await asyncio.sleep(0)
    waiter.cancel()
    await asyncio.wait({waiter})
    await behind.join()
    assert database.took == [1]


async def test_what_is_given_up_at_the_end_is_counted(
    behind: WriteBehind, database: Database
) -> None:
    database.is_away = True
    written = post(behind, database, 1)
    assert not await behind.is_done_in_time(written)
    assert behind.close() == 1
    assert behind.close() == 0
