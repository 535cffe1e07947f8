"""A database that is locked, full or gone: all that is said is sent, and stored later."""

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.invariants import DATABASE
from tests.lifecycle.shutdown_tools import ask
from tests.server.running import running
from tests.server.visitor import Visitor, status_of, visitor
from tests.sounds import say, silence

IS_LONG = os.environ.get("LONG_OUTAGES") == "on"
"""Whether outages last as long as those that really happened (`make test-outages`)."""
LOCKED_SECONDS = 13.0 if IS_LONG else 4.0
LOCKED_AT_THE_END_SECONDS = 4.0 if IS_LONG else 2.5
CROWD = 8 if IS_LONG else 4
TOLD_SECONDS = 2.0
SLOW_MACHINE_SECONDS = 3.0
"""How much a busy machine may add to the two seconds."""
WORDS = [f"{word} {n}" for n in range(4) for word in ("hola", "mundo", "gracias")]
SAID = "select session_id, source, said_at from sessions_app_exchange"
ORDER = f"{SAID} order by session_id, utterance_id"
ENDED = "select reason from sessions_app_translationsession where close_count = 1"
RECORDED = "select state, has_sound from sessions_app_recording"


def impatient(data_dir: Path) -> dict[str, Any]:
    """Return settings with which the database gives up soon, so that it is tried several times."""
    seconds = 5 if IS_LONG else 1
    return {"DATABASE_URL": f"sqlite:///{data_dir / DATABASE}?timeout={seconds}"}


def said(data_dir: Path) -> list[str]:
    """Return what is stored, in the order in which it was written."""
    rows = ask(data_dir / DATABASE, "select source from sessions_app_exchange order by id")
    return [source for (source,) in rows]


@contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Hold the database's write lock."""
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
    """Wait until everything that was sent is stored."""

    def is_stored() -> bool:
        late = [m for m in guest.told("translation") if not m["stored"]]
        return len(guest.told("stored")) == len(late)

    while not is_stored():
        await guest.next()


def check_heard(guest: Visitor, words: Sequence[str]) -> None:
    """Check that every word was sent once, and reported as stored."""
    assert [m["source"] for m in guest.told("translation")] == list(words)
    late = [m["utterance_id"] for m in guest.told("translation") if not m["stored"]]
    assert [m["exchange_id"] for m in guest.told("translation") if not m["stored"]] == (
        [None] * len(late)
    )
    assert [m["utterance_id"] for m in guest.told("stored")] == late
    assert guest.told("error") == []


def check_kept(data_dir: Path, told_by: datetime) -> list[list[str]]:
    """Return what is stored of each session, in order; check that it has the time of its sending.

    All but the last was sent before ``told_by``.
    """
    by_session: dict[str, list[tuple[str, str]]] = {}
    for session_id, source, said_at in ask(data_dir / DATABASE, ORDER):
        by_session.setdefault(session_id, []).append((source, said_at))
    for kept in by_session.values():
        times = [at for _, at in kept]
        assert times == sorted(times)
        words = [source for source, _ in kept]
        assert words == ["agua", "casa"] or times[-1] <= f"{told_by:%Y-%m-%d %H:%M:%S.%f}"
    return [[source for source, _ in kept] for kept in by_session.values()]


async def refused(address: str) -> None:
    """Connect while the database is known to be late; check that the refusal says so, and soon."""
    async with visitor(address, is_ready=False) as late:
        began_at = time.monotonic()
        assert await late.close_code() == 4011
        assert time.monotonic() - began_at < TOLD_SECONDS + SLOW_MACHINE_SECONDS
        errors = [(m["code"], m["fatal"]) for m in late.told("error")]
        assert errors == [("database_unavailable", True)]


async def until_found(data_dir: Path, query: str, rows: list[tuple[Any, ...]]) -> None:
    """Wait until the database answers so."""
    async with asyncio.timeout(60):
        while ask(data_dir / DATABASE, query) != rows:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def test_a_lock_keeps_nothing_from_being_told_and_kept_and_a_server_waits_for_its_end(
    data_dir: Path,
) -> None:
    async with running(data_dir, **impatient(data_dir)) as server:
        async with visitor(server.socket_address) as speaker:
            await speaker.listen(say("hola mundo") + silence(1))
            await speaker.until("translation")
            async with guests(server.socket_address, CROWD) as crowd:
                with locked(data_dir):
                    released_at = time.monotonic() + LOCKED_SECONDS
                    took = await asyncio.gather(*(talk(guest, WORDS) for guest in crowd))
                    # the first waits for the database; what follows is sent at once
                    assert max(sum(each) for each in took) < TOLD_SECONDS + SLOW_MACHINE_SECONDS
                    await speaker.send_sound(say("gracias") + silence(1))
                    assert (await speaker.until("translation"))["stored"] is False
                    told_by = datetime.now(UTC)
                    await speaker.say("rename_speaker", speaker_id="es", name="Ana")
                    await speaker.until("speakers")
                    await speaker.leave()
                    await refused(server.socket_address)
                    assert await status_of(f"{server.address}/readyz") == 503
                    await asyncio.sleep(released_at - time.monotonic())
                    assert said(data_dir) == ["hola mundo"]
                for guest in crowd:
                    await until_stored(guest)
                    check_heard(guest, WORDS)
                # a session that left meanwhile is stored completely, without a restart
                await until_found(data_dir, ENDED, [("client_left",)])
                await until_found(data_dir, RECORDED, [("complete", 1)])
                async with visitor(server.socket_address) as later:
                    await later.type_and_hear("agua")
                    with locked(data_dir):
                        await later.type_and_hear("casa")
                        server.signal()
                        await asyncio.sleep(LOCKED_AT_THE_END_SECONDS)
                    assert await later.close_code() == 4012
                    assert [m["utterance_id"] for m in later.told("stored")] == [2]
        assert await server.ended() == 0
        assert server.log.count("ERROR") == 2  # one line for each outage
        assert server.log.count("the database answers again") == 2
    named = "select count(*) from sessions_app_speaker where name = 'Ana'"
    assert ask(data_dir / DATABASE, named) == [(1,)]
    assert list((data_dir / "recordings").rglob("*.part")) == []
    kept = check_kept(data_dir, told_by)
    assert sorted(kept) == sorted([["hola mundo", "gracias"], ["agua", "casa"], *[WORDS] * CROWD])
    reasons = [reason for (reason,) in ask(data_dir / DATABASE, ENDED)]
    assert sorted(reasons) == ["client_left", *["server_quits"] * (CROWD + 1)]


async def test_of_what_the_database_did_not_take_before_the_end_the_sound_is_saved(
    data_dir: Path,
) -> None:
    async with running(data_dir) as server, visitor(server.socket_address) as guest:
        await guest.type_and_hear("hola")
        with locked(data_dir):
            await guest.listen(say("gracias") + silence(1))
            await guest.until("translation")
            await server.kill()
    assert ask(data_dir / DATABASE, RECORDED) == []
    limits: dict[str, Any] = {"HABLA_QUIT_SECONDS": "1", "HABLA_DRAIN_SECONDS": "1"}
    async with running(data_dir, **limits) as server:
        await until_found(data_dir, RECORDED, [("salvaged", 1)])
        async with visitor(server.socket_address) as guest:
            await guest.type_and_hear("mundo")
            with locked(data_dir):
                await guest.type_and_hear("agua")
                server.signal()
                assert await guest.close_code() == 4012
                assert await server.ended() == 3
            assert guest.told("stored") == []
    assert said(data_dir) == ["hola", "mundo"]
    whose = "select r.user_id = c.user_id from sessions_app_recording r"
    whose += " join sessions_app_translationsession s on r.session_id = s.id"
    whose += " join sessions_app_conversation c on s.conversation_id = c.id"
    assert ask(data_dir / DATABASE, whose) == [(1,)]


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
    words = [f"{word} " + "x" * 400 for word in WORDS * 2]
    async with running(small_disk) as server:
        async with visitor(server.socket_address) as guest:
            await guest.listen(say("hola mundo") + silence(1))
            await guest.until("translation")
            filler = fill(small_disk)
            await talk(guest, words)
            assert await status_of(f"{server.address}/readyz") == 503
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
    assert [state for state, _ in ask(small_disk / DATABASE, RECORDED)] == ["complete"]
    assert list((small_disk / "recordings").rglob("*.part")) == []
    assert ask(small_disk / DATABASE, ENDED) == [("client_left",)]
