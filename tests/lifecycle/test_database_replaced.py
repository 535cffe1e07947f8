"""The database of a running server is deleted, moved or replaced: it says so, and what is lost."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pytest

from tests.house import eventually
from tests.lifecycle.invariants import said
from tests.lifecycle.shutdown_tools import ask, speak
from tests.server.postgres import cluster, find_program
from tests.server.running import Running, environment, manage, running
from tests.server.visitor import Visitor, status_of, visitor

DATABASE = "habla.sqlite3"
NOTICED_SECONDS = 10.0  # two looks, on a busy machine


def delete(data_dir: Path, _: Path) -> None:
    (data_dir / DATABASE).unlink()


def move_away(data_dir: Path, _: Path) -> None:
    (data_dir / DATABASE).rename(data_dir / "elsewhere")


def put_a_backup_in_its_place(data_dir: Path, backup: Path) -> None:
    shutil.copy(backup / DATABASE, data_dir / "restored")
    (data_dir / "restored").replace(data_dir / DATABASE)


def put_an_empty_one_in_its_place(data_dir: Path, _: Path) -> None:
    (data_dir / DATABASE).unlink()
    (data_dir / DATABASE).touch()


def copy_a_backup_over_it(data_dir: Path, backup: Path) -> None:
    shutil.copyfile(backup / DATABASE, data_dir / DATABASE)


def delete_the_directory(data_dir: Path, _: Path) -> None:
    while data_dir.exists():  # meanwhile the server goes on writing there
        with suppress(OSError):
            shutil.rmtree(data_dir)


def move_the_directory(data_dir: Path, _: Path) -> None:
    data_dir.rename(data_dir.with_name("moved"))


GONE = (delete, move_away, delete_the_directory, move_the_directory)


async def readiness(server: Running, status: int) -> None:
    """Wait until /readyz answers so."""
    async with asyncio.timeout(NOTICED_SECONDS):
        while await status_of(f"{server.address}/readyz") != status:  # noqa: ASYNC110 -- it tells nobody
            await asyncio.sleep(0.05)


async def refused(server: Running) -> str:
    """Return the code with which a new session is refused."""
    async with visitor(server.socket_address, is_ready=False) as guest:
        assert await guest.close_code() == 4011
        return str(guest.told("error")[0]["code"])


def fatal(guest: Visitor) -> list[str]:
    return [error["code"] for error in guest.told("error") if error["fatal"]]


def stored(data_dir: Path) -> list[str]:
    """Return what was said, including the first, in the order in which it was stored."""
    rows = ask(data_dir / DATABASE, "select source from sessions_app_exchange order by id")
    return [source for (source,) in rows]


def keep(data_dir: Path, kept: Path) -> Path:
    """Give all files a second name, so that they can be restored."""
    return Path(shutil.copytree(data_dir, kept, copy_function=os.link))


def put_back(kept: Path, data_dir: Path) -> None:
    data_dir.mkdir(mode=0o700, exist_ok=True)
    # the logs first: a database without its own would be given new ones
    for file in sorted(kept.glob(f"{DATABASE}*"), reverse=True):
        file.replace(data_dir / file.name)


async def check_it_is_told(
    server: Running, take: Callable[[], None], data_dir: Path, before: str, after: str
) -> None:
    """Remove the database between two words; check what is reported, and to whom."""
    async with visitor(server.socket_address) as guest:
        await guest.type_and_hear(before)
        await eventually(lambda: stored(data_dir)[-1:] == [before])
        take()
        await guest.say("text_input", text=after)
        assert await guest.close_code() == 4011
    assert fatal(guest) == ["database_replaced"]
    late = guest.told("translation")[-1]
    assert (late["source"], late["stored"], guest.told("stored")) == (after, False, [])
    await readiness(server, 503)
    assert await refused(server) == "database_replaced"
    assert await status_of(f"{server.address}/history/") == 503
    assert await status_of(f"{server.address}/api/sessions") == 503
    assert await status_of(f"{server.address}/healthz") == 200
    assert "of the database" in await server.until_said("while the server ran")


@pytest.fixture
def log_dir(tmp_path: Path) -> Path:
    """Return where the log of a server lies whose data directory is deleted."""
    directory = tmp_path / "log"
    directory.mkdir()
    return directory


async def test_who_speaks_is_told_nobody_new_is_let_in_and_a_file_that_is_back_is_used_again(
    migrated: Path, data_dir: Path, log_dir: Path, tmp_path: Path
) -> None:
    async with running(data_dir, log_dir=log_dir) as server:
        for number, take in enumerate(GONE):
            words = f"hola {number}", f"gracias {number}"
            kept = keep(data_dir, tmp_path / take.__name__)
            await check_it_is_told(server, partial(take, data_dir, migrated), data_dir, *words)
            put_back(kept, data_dir)
            await readiness(server, 200)
            await eventually(lambda: stored(data_dir)[-2:] == [*words])  # noqa: B023
        over = partial(copy_a_backup_over_it, data_dir, migrated)
        await check_it_is_told(server, over, data_dir, "hola", "gracias")
        server.signal()
        assert await server.ended() == 3
    assert stored(data_dir) == []  # the backup is unchanged


@pytest.mark.long
@pytest.mark.parametrize("take", [put_a_backup_in_its_place, put_an_empty_one_in_its_place])
async def test_another_file_in_its_place_is_noticed_in_the_same_way(
    take: Callable[[Path, Path], None], migrated: Path, data_dir: Path, log_dir: Path
) -> None:
    async with running(data_dir, log_dir=log_dir) as server:
        await check_it_is_told(
            server, partial(take, data_dir, migrated), data_dir, "hola", "gracias"
        )
        server.signal()
        assert await server.ended() == 3


async def test_a_file_that_comes_back_is_used_again(data_dir: Path) -> None:
    async with running(data_dir) as server:
        async with visitor(server.socket_address) as guest:
            await guest.type_and_hear("hola")
        (data_dir / DATABASE).rename(data_dir / "elsewhere")
        assert await refused(server) == "database_replaced"  # before the server's next look
        await readiness(server, 503)
        (data_dir / "elsewhere").rename(data_dir / DATABASE)
        await readiness(server, 200)
        async with visitor(server.socket_address) as guest:
            await guest.type_and_hear("gracias")
        server.signal()
        assert await server.ended() == 0
    assert said(data_dir) == ["gracias"]


async def test_a_backup_of_this_run_that_is_copied_over_it_is_noticed_and_stays_whole(
    data_dir: Path, tmp_path: Path
) -> None:
    database, backup = data_dir / DATABASE, tmp_path / "backup"
    async with running(data_dir) as server:
        async with visitor(server.socket_address) as guest:
            for number in range(3):  # changes through SQLite cause no alarm
                await guest.type_and_hear("hola")
                was = stamp(database)
                with closing(sqlite3.connect(database, timeout=10)) as other:
                    await eventually(lambda: is_stamped_anew(other, database, was))  # noqa: B023
                    other.execute("vacuum")
                if number == 0:
                    shutil.copyfile(database, backup)
            assert await status_of(f"{server.address}/readyz") == 200
            shutil.copyfile(backup, database)
            assert await guest.close_code() == 4011
        assert fatal(guest) == ["database_replaced"]
        server.signal()
        assert await server.ended() == 3
    assert database.read_bytes() == backup.read_bytes()
    assert [name for name in os.listdir(data_dir) if name.startswith(f"{DATABASE}-wal.")]
    assert said(data_dir) == []
    with closing(sqlite3.connect(database)) as left:
        assert left.execute("pragma integrity_check").fetchall() == [("ok",)]


def back_up(database: Path, backup: Path) -> None:
    with closing(sqlite3.connect(database)) as live, closing(sqlite3.connect(backup)) as copy:
        live.backup(copy)


@pytest.mark.long
async def test_a_backup_that_sqlite_makes_bears_the_newest_number_and_is_noticed_too(
    data_dir: Path, tmp_path: Path
) -> None:
    database, backup = data_dir / DATABASE, tmp_path / "backup"
    async with running(data_dir) as server:
        async with visitor(server.socket_address) as guest:
            await guest.type_and_hear("hola")
            await eventually(lambda: stored(data_dir) == ["hola"])
            back_up(database, backup)
            await guest.type_and_hear("gracias")
            shutil.copyfile(backup, database)
            assert await guest.close_code() == 4011
        assert fatal(guest) == ["database_replaced"]
        server.signal()
        assert await server.ended() == 3
    assert database.read_bytes() == backup.read_bytes()
    assert stored(data_dir) == ["hola"]


async def test_a_backup_that_sqlite_itself_restores_is_noticed_and_loses_nothing_of_it(
    data_dir: Path, migrated: Path
) -> None:
    async with running(data_dir) as server:
        async with visitor(server.socket_address) as guest:
            await guest.type_and_hear("hola")
            back_up(migrated / DATABASE, data_dir / DATABASE)
            assert await guest.close_code() == 4011
        assert fatal(guest) == ["database_replaced"]
        server.signal()
        assert await server.ended() == 3
    assert [name for name in os.listdir(data_dir) if name.startswith(f"{DATABASE}-wal")] == []
    assert said(data_dir) == []


def stamp(database: Path) -> bytes:
    """Read it in another process: closing the file here would release SQLite's locks on it."""
    command = ("dd", f"if={database}", "bs=1", "skip=60", "count=4", "status=none")
    return subprocess.run(command, check=True, capture_output=True).stdout


def is_stamped_anew(other: sqlite3.Connection, database: Path, was: bytes) -> bool:
    other.execute("pragma wal_checkpoint(truncate)")
    return stamp(database) != was


@pytest.mark.long
async def test_a_deleted_write_ahead_log_costs_nothing(data_dir: Path) -> None:
    async with running(data_dir) as server:
        async with visitor(server.socket_address) as guest:
            await guest.type_and_hear("hola")
            (data_dir / f"{DATABASE}-wal").unlink()
            await eventually(lambda: "write-ahead log" in server.log)
            await guest.type_and_hear("gracias")
            assert guest.told("error") == []
        assert await status_of(f"{server.address}/history/") == 200
        server.signal()
        assert await server.ended() == 0
    assert said(data_dir) == ["gracias"]


@pytest.mark.long
@pytest.mark.skipif(find_program("initdb") is None, reason="PostgreSQL is not installed")
async def test_tables_that_are_made_anew_in_postgresql_are_noticed(tmp_path: Path) -> None:
    async with cluster() as url:
        env = environment(tmp_path, DATABASE_URL=url)
        code, output = await manage("migrate", env=env)
        assert code == 0, output
        # until it is noticed, each page and each look may find no table
        async with running(tmp_path, DATABASE_URL=url, may_log=("Traceback",)) as server:
            async with visitor(server.socket_address) as guest:
                await speak(guest, "hola")
                await guest.until("translation")
                wipe = (
                    "from django.db import connection as c;"
                    "c.cursor().execute('drop schema public cascade; create schema public')"
                )
                code, output = await manage("shell", "--verbosity=0", "-c", wipe, env=env)
                assert code == 0, output
                code, output = await manage("migrate", env=env)
                assert code == 0, output
                assert await guest.close_code() == 4011
            assert fatal(guest) == ["database_replaced"]
            assert await refused(server) == "database_replaced"
            server.signal()
            assert await server.ended() == 3


async def test_commands_reach_the_server_though_its_run_files_were_deleted(data_dir: Path) -> None:
    env = environment(data_dir)
    async with running(data_dir) as server:
        shutil.rmtree(data_dir / "run")
        await eventually(lambda: (data_dir / "run" / "control.sock").exists())
        code, output = await manage("status", env=env)
        assert (code, server.address in output) == (0, True)
        (data_dir / "run" / "control.sock").unlink()
        await eventually(lambda: (data_dir / "run" / "control.sock").exists())
        code, output = await manage("quit", env=env)
        assert (code, await server.ended()) == (0, 0), output
