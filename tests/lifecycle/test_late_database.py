"""A database that is locked, full or away: all that is said is told, and kept when it is back."""

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.invariants import DATABASE
from tests.lifecycle.shutdown_tools import ask
from tests.server.running import running
from tests.server.visitor import Visitor, visitor
from tests.sounds import say, silence

pytestmark = pytest.mark.timeout(180)

LOCKED_SECONDS = 13.0
TOLD_SECONDS = 2.0
SLOW_MACHINE_SECONDS = 3.0
"""What a busy machine may add to the two seconds."""
WORDS = ("hola", "mundo", "gracias")
SAID = "select session_id, source, said_at from sessions_app_exchange"
ORDER = f"{SAID} order by session_id, utterance_id"


def said(data_dir: Path) -> list[str]:
    """Return what is kept, in the order in which it was written."""
    rows = ask(data_dir / DATABASE, "select source from sessions_app_exchange order by id")
    return [source for (source,) in rows]


def reasons(data_dir: Path) -> list[str]:
    """Return why each session ended."""
    query = "select reason from sessions_app_translationsession where close_count = 1"
    return [reason for (reason,) in ask(data_dir / DATABASE, query)]


@contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Hold the only right to write to the database."""
    with closing(sqlite3.connect(data_dir / DATABASE, timeout=10)) as database:
        database.execute("begin immediate")
        yield
        database.rollback()


@asynccontextmanager
async def guests(address: str, how_many: int) -> AsyncIterator[list[Visitor]]:
    """Open connections; close them all at the end."""
    async with asyncio.TaskGroup() as tasks:
        ends, opened = asyncio.Event(), []

        async def stay() -> None:
            async with visitor(address) as guest:
                opened.append(guest)
                await ends.wait()

        for _ in range(how_many):
            tasks.create_task(stay())
        while len(opened) < how_many:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        yield opened
        ends.set()


async def talk(guest: Visitor, words: Sequence[str]) -> list[float]:
    """Type words, each when the one before is translated; return how long each took."""
    took = []
    for word in words:
        began_at = time.monotonic()
        await guest.type_and_hear(word)
        took.append(time.monotonic() - began_at)
    return took


async def until_stored(guest: Visitor) -> None:
    """Wait until all that was told is kept."""

    def is_stored() -> bool:
        late = [m for m in guest.told("translation") if not m["stored"]]
        return len(guest.told("stored")) == len(late)

    while not is_stored():
        await guest.next()


def check_heard(guest: Visitor, words: Sequence[str]) -> None:
    """Check that every word was told once, and what it was told of being kept."""
    assert [m["source"] for m in guest.told("translation")] == list(words)
    late = [m["utterance_id"] for m in guest.told("translation") if not m["stored"]]
    assert [m["exchange_id"] for m in guest.told("translation") if not m["stored"]] == (
        [None] * len(late)
    )
    assert [m["utterance_id"] for m in guest.told("stored")] == late
    assert guest.told("error") == []


def check_kept(data_dir: Path, how_many: int, words: Sequence[str]) -> None:
    """Check that every word is kept once, in order, at the time at which it was said."""
    rows = ask(data_dir / DATABASE, ORDER)
    by_session: dict[str, list[tuple[str, str]]] = {}
    for session_id, source, said_at in rows:
        by_session.setdefault(session_id, []).append((source, said_at))
    assert len(by_session) == how_many
    for kept in by_session.values():
        assert [source for source, _ in kept] == list(words)
        times = [at for _, at in kept]
        assert times == sorted(times)


async def test_a_lock_of_thirteen_seconds_keeps_nothing_from_being_told_and_kept(
    data_dir: Path,
) -> None:
    words = [f"{word} {n}" for n in range(4) for word in WORDS]
    async with running(data_dir) as server:
        async with guests(server.socket_address, 8) as crowd:
            with locked(data_dir):
                released_at = time.monotonic() + LOCKED_SECONDS
                took = await asyncio.gather(*(talk(guest, words) for guest in crowd))
                # the first is waited for; what follows is told at once
                assert max(sum(each) for each in took) < TOLD_SECONDS + SLOW_MACHINE_SECONDS
                assert said(data_dir) == []
                await asyncio.sleep(released_at - time.monotonic())
            for guest in crowd:
                await until_stored(guest)
                check_heard(guest, words)
        server.signal()
        assert await server.ended() == 0
        assert server.log.count("ERROR") == 1  # one line for the outage
        assert server.log.count("the database answers again") == 1
    check_kept(data_dir, 8, words)
    times = {str(at)[:19] for _, _, at in ask(data_dir / DATABASE, ORDER)}
    assert (
        max(times)
        < ask(data_dir / DATABASE, "select max(ended_at) from sessions_app_translationsession")[0][
            0
        ][:19]
    )
    assert reasons(data_dir) == ["client_left"] * 8


async def test_who_leaves_while_the_database_is_locked_is_kept_whole_and_without_a_restart(
    data_dir: Path,
) -> None:
    async with running(data_dir) as server:
        async with visitor(server.socket_address) as guest:
            await guest.listen(say("hola mundo") + silence(1))
            await guest.until("translation")
            with locked(data_dir):
                await guest.send_sound(say("gracias") + silence(1))
                assert (await guest.until("translation"))["stored"] is False
                await guest.say("rename_speaker", speaker_id="es", name="Ana")
                await guest.until("speakers")
                await guest.leave()
                await asyncio.sleep(6)
        async with asyncio.timeout(60):
            while reasons(data_dir) != ["client_left"]:  # noqa: ASYNC110
                await asyncio.sleep(0.2)
            query = "select state, has_sound from sessions_app_recording"
            while ask(data_dir / DATABASE, query) != [("complete", 1)]:  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        assert said(data_dir) == ["hola mundo", "gracias"]
        assert ask(data_dir / DATABASE, "select name from sessions_app_speaker") == [("Ana",)]
        server.signal()
        assert await server.ended() == 0
    assert list((data_dir / "recordings").rglob("*.part")) == []


async def test_a_server_that_quits_while_the_database_is_locked_waits_for_it(
    data_dir: Path,
) -> None:
    async with running(data_dir) as server:
        async with visitor(server.socket_address) as guest:
            await guest.type_and_hear("hola")
            with locked(data_dir):
                await guest.type_and_hear("gracias")
                server.signal()
                await asyncio.sleep(4)
            assert await guest.close_code() == 4012
            assert [m["utterance_id"] for m in guest.told("stored")] == [2]
        assert await server.ended() == 0
    assert said(data_dir) == ["hola", "gracias"]
    assert reasons(data_dir) == ["server_quits"]


async def test_what_the_database_does_not_take_before_the_end_counts_in_the_exit_code(
    data_dir: Path,
) -> None:
    limits: dict[str, Any] = {"HABLA_QUIT_SECONDS": "3", "HABLA_DRAIN_SECONDS": "1"}
    async with running(data_dir, **limits) as server, visitor(server.socket_address) as guest:
        await guest.type_and_hear("hola")
        with locked(data_dir):
            await guest.type_and_hear("gracias")
            server.signal()
            assert await guest.close_code() == 4012
            assert await server.ended() == 3
        assert guest.told("stored") == []
    assert said(data_dir) == ["hola"]


async def test_a_session_cannot_begin_while_the_database_is_locked_and_is_told_so_soon(
    data_dir: Path,
) -> None:
    async with running(data_dir) as server, visitor(server.socket_address) as guest:
        with locked(data_dir):
            await guest.type_and_hear("hola")  # now it is known
            async with visitor(server.socket_address, is_ready=False) as late:
                began_at = time.monotonic()
                assert await late.close_code() == 4011
                assert time.monotonic() - began_at < TOLD_SECONDS + SLOW_MACHINE_SECONDS
                errors = [(m["code"], m["fatal"]) for m in late.told("error")]
                assert errors == [("database_unavailable", True)]
            await guest.type_and_hear("gracias")
        await until_stored(guest)
        async with visitor(server.socket_address) as later:
            await later.type_and_hear("mundo")


# --- a full disk


@pytest.fixture
def small_disk(data_dir: Path, tmp_path: Path) -> Iterator[Path]:
    """Return a data directory on a disk of 16 MiB."""
    if os.geteuid() or shutil.which("mount") is None:
        pytest.skip("only root may mount a small disk")
    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16m,mode=700", "habla-test", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    shutil.copytree(data_dir, place / "data")
    yield place / "data"
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path) -> Path:
    """Fill a disk to the last byte; return the file that does it."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        size = 65_536
        while size:
            try:
                file.write(b"\0" * size)
            except OSError:
                size //= 2
    return filler


async def test_on_a_full_disk_all_is_told_and_kept_when_there_is_room_again(
    small_disk: Path,
) -> None:
    words = [f"{word} {n} " + "x" * 1_500 for n in range(30) for word in WORDS]
    async with running(small_disk) as server:
        async with visitor(server.socket_address) as guest:
            await guest.listen(say("hola mundo") + silence(1))
            await guest.until("translation")
            filler = fill(small_disk)
            await talk(guest, words)
            assert any(not m["stored"] for m in guest.told("translation"))
            await guest.say("stop_listening")
            await guest.until("listening_stopped")
            filler.unlink()
            async with asyncio.timeout(60):
                await until_stored(guest)
            assert {m["code"] for m in guest.told("error")} <= {"recording_stopped"}
        server.signal(signal.SIGTERM)
        assert await server.ended() == 0
    assert said(small_disk) == ["hola mundo", *words]
    states = ask(small_disk / DATABASE, "select state from sessions_app_recording")
    assert states == [("complete",)]
    assert list((small_disk / "recordings").rglob("*.part")) == []
    assert reasons(small_disk) == ["client_left"]
