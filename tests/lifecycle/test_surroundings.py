"""Whatever the database, the broker or operators do, sessions go on, or end completely."""

import asyncio
import json
import signal
import socket
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from shutil import which

import httpx
import pytest

from tests.lifecycle.invariants import reasons, said, served
from tests.server.running import environment, manage
from tests.server.visitor import visitor
from tests.sounds import say, silence

SLOW = json.dumps({"BACKEND": "fake", "OPTIONS": {"delay_seconds": 0.3}})


# --- the database


@contextmanager
def database_held(data_dir: Path) -> Iterator[None]:
    """Write to the database from outside, and do not commit."""
    with closing(sqlite3.connect(data_dir / "habla.sqlite3", timeout=10)) as database:
        database.execute("begin immediate")
        yield
        database.rollback()


async def test_sound_goes_on_while_the_database_lane_is_blocked_for_three_seconds(
    data_dir: Path,
) -> None:
    async with (
        served(data_dir) as server,
        visitor(server.socket_address) as writer,
        visitor(server.socket_address) as guest,
    ):
        with database_held(data_dir):
            released_at = time.monotonic() + 3
            await writer.say("text_input", text="gracias")
            await writer.until("transcript")
            await guest.say("start_listening", encoding="pcm-s16le")
            while time.monotonic() < released_at:
                began_at = time.monotonic()
                await guest.send_sound(say("hola") + silence(1))
                await guest.until("transcript")
                assert time.monotonic() - began_at < 0.5
                await asyncio.sleep(0.7)  # as fast as allowed
            # sent after two seconds at most, though it is not stored yet
            assert (await writer.until("translation"))["stored"] is False
        assert (await writer.until("stored"))["utterance_id"] == 1
        await guest.say("stop_listening")
        await guest.until("listening_stopped")
        assert len(guest.told("translation")) == len(guest.told("transcript"))
        assert guest.told("error") == writer.told("error") == []
        await writer.leave()
        await guest.leave()


async def test_an_outside_writer_for_two_seconds_costs_thirty_sessions_no_exchange(
    data_dir: Path,
) -> None:
    guests = 30

    async def talk(number: int) -> None:
        async with visitor(server.socket_address) as guest:
            for word in ("hola", "mundo", "gracias"):
                await guest.type_and_hear(f"{word} {number}")
            assert guest.told("error") == []

    async with served(data_dir) as server, asyncio.TaskGroup() as crowd:
        for number in range(guests):
            crowd.create_task(talk(number))
        await asyncio.sleep(0.2)  # some are in the middle of it by now
        with database_held(data_dir):
            await asyncio.sleep(2)
    expected = {f"{word} {n}" for word in ("hola", "mundo", "gracias") for n in range(guests)}
    assert set(said(data_dir)) == expected
    assert len(said(data_dir)) == len(expected)
    assert reasons(data_dir) == ["client_left"] * guests


# --- the broker


@asynccontextmanager
async def redis(directory: Path) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """Run a Redis of our own; yield its address and its process."""
    program = which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *(program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", directory),
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield f"redis://127.0.0.1:{port}", process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_sessions_notice_neither_idle_seconds_nor_a_redis_that_freezes_and_dies(
    data_dir: Path, tmp_path: Path
) -> None:
    async with (
        redis(tmp_path) as (address, broker),
        served(data_dir, REDIS_URL=address) as server,
        visitor(server.socket_address) as guest,
    ):
        await asyncio.sleep(6)  # redis-py's own patience is five seconds
        broker.send_signal(signal.SIGSTOP)
        await guest.type_and_hear("hola")
        broker.kill()
        await broker.wait()
        await guest.listen(say("mundo") + silence(1))
        await guest.until("translation")
        async with visitor(server.socket_address) as later:
            await later.type_and_hear("gracias")
        assert guest.told("error") == []
        await guest.leave()
    assert said(data_dir) == ["hola", "mundo", "gracias"]


# --- ended by others


async def test_ending_by_the_api_finishes_what_was_said(data_dir: Path) -> None:
    async with (
        served(data_dir, HABLA_TRANSCRIBER=SLOW) as server,
        visitor(server.socket_address) as guest,
        visitor(server.socket_address) as other,
        httpx.AsyncClient(base_url=server.address, trust_env=False, timeout=20) as program,
    ):
        await guest.listen(say("hola mundo"))
        await guest.until("speech_started")
        session_id = guest.told("ready")[0]["session_id"]
        answer = await program.delete(f"/api/sessions/{session_id}/live")
        assert answer.status_code == 200
        assert answer.json()["reason"] == "ended_by_operator"
        assert await guest.close_code() == 1000
        assert guest.told("translation")[0]["translated"] == "hello world"
        again = await program.delete(f"/api/sessions/{session_id}/live")
        assert (again.status_code, again.json()["reason"]) == (200, "ended_by_operator")
        await other.type_and_hear("gracias")
        await other.leave()
    assert reasons(data_dir) == ["ended_by_operator", "client_left"]


async def test_ending_from_another_process_finishes_what_was_said(data_dir: Path) -> None:
    async with served(data_dir) as server, visitor(server.socket_address) as guest:
        await guest.listen(say("hola mundo"))
        await guest.until("speech_started")
        session_id = guest.told("ready")[0]["session_id"]
        ending = asyncio.create_task(
            manage(
                "shell",
                "--command",
                "from uuid import UUID; from sessions_app.store.end_requests import end_sessions;"
                f"print('left:', end_sessions([UUID('{session_id}')]))",
                env=environment(data_dir),
            )
        )
        assert await guest.close_code() == 1000
        assert guest.told("translation")[0]["translated"] == "hello world"
        code, output = await ending
        assert (code, "left: set()" in output) == (0, True)
    assert reasons(data_dir) == ["ended_by_operator"]


async def test_ending_by_the_admin_says_what_happened(data_dir: Path) -> None:
    table = "/admin/sessions_app/translationsession/"
    async with (
        served(data_dir) as server,
        visitor(server.socket_address) as guest,
        httpx.AsyncClient(base_url=server.address, trust_env=False, timeout=20) as browser,
    ):
        await browser.get("/", params={"key": server.key})
        await browser.get(table)
        answer = await browser.post(
            table,
            data={
                "action": "end_sessions",
                "_selected_action": guest.told("ready")[0]["session_id"],
                "csrfmiddlewaretoken": csrf_token(browser),
            },
            headers={"Referer": server.address + table, "Origin": server.address},
            follow_redirects=True,
        )
        assert answer.status_code == 200
        assert "ended, ended_by_operator" in answer.text
        assert await guest.close_code() == 1000
    assert reasons(data_dir) == ["ended_by_operator"]


def csrf_token(browser: httpx.AsyncClient) -> str:
    """Return the value of the server's CSRF cookie, whose name depends on the installation."""
    return next(each.value or "" for each in browser.cookies.jar if "_csrf_" in each.name)
