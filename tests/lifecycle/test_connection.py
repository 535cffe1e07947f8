"""However a connection begins, fails or ends: a real server keeps nothing of it."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from sessions_app.protocol import MAX_MESSAGE_BYTES, CloseCode
from sessions_app.server.daphne import REFUSED_BYTES
from tests.house import eventually
from tests.lifecycle.invariants import alone, reasons, rows, said, served
from tests.lifecycle.rawclient import TEXT, raw_client
from tests.server.running import LAST_OF_ENGINES
from tests.server.visitor import Visitor, visitor
from tests.sounds import say, silence, speech


def fake(**options: Any) -> str:
    """Return the setting of a fake engine with ``options``."""
    return json.dumps({"BACKEND": "fake", "OPTIONS": options})


def in_database(data_dir: Path, statement: str) -> None:
    """Do something to the database from outside."""
    with closing(sqlite3.connect(data_dir / "habla.sqlite3", timeout=10)) as database, database:
        database.execute(statement)


async def refused(address: str, **options: Any) -> tuple[list[str], int | None]:
    """Return the errors with which the server refuses a client, and its close code."""
    async with connect(address, proxy=None, **options) as socket:
        guest = Visitor(socket)
        code = await guest.close_code()
    return [error["code"] for error in guest.told("error")], code


# --- how it ends


async def test_a_clean_close_a_reset_and_a_break_are_told_apart(data_dir: Path) -> None:
    async with served(data_dir) as server:
        async with visitor(server.socket_address) as guest:
            await guest.listen(say("hola mundo"))
            await guest.until("speech_started")
        await eventually(lambda: reasons(data_dir) == ["client_left"])
        async with raw_client(server.socket_address) as rude:
            told = b""
            while b'"ready"' not in told:
                told += await rude.take(1_000)
            await rude.send(b'{"type":"text_input","text":"hola"}', TEXT)
            await eventually(lambda: said(data_dir) == ["hola mundo", "hola"])
            rude.reset()
        await eventually(lambda: reasons(data_dir)[1:] == ["connection_lost"])
        async with raw_client(server.socket_address):
            pass
        await eventually(lambda: reasons(data_dir)[2:] == ["connection_lost"])
    assert said(data_dir) == ["hola mundo", "hola"]


async def test_who_goes_at_any_moment_of_coming_leaves_nothing(data_dir: Path) -> None:
    async def come_and_go(seconds: float) -> None:
        async with raw_client(server.socket_address) as rude:
            await asyncio.sleep(seconds)
            rude.reset()

    async with served(data_dir) as server, asyncio.TaskGroup() as crowd:
        for milliseconds in range(0, 60, 2):
            crowd.create_task(come_and_go(milliseconds / 1000))
    assert set(reasons(data_dir)) <= {"connection_lost"}


async def test_who_leaves_while_much_is_still_to_be_told_is_told_nothing(data_dir: Path) -> None:
    async with served(data_dir, HABLA_TRANSLATOR=fake(delay_seconds=0.05)) as server:
        async with visitor(server.socket_address) as guest:
            for _ in range(20):
                await guest.say("text_input", text="gracias")
        await eventually(lambda: reasons(data_dir) == ["client_left"])
    assert said(data_dir) == ["gracias"] * 20


@pytest.mark.parametrize("filler", [b"\0", "a"], ids=["bytes", "text"])
async def test_a_message_over_the_limit_harms_its_sender_at_most(
    data_dir: Path, filler: bytes | str
) -> None:
    async with served(data_dir) as server, visitor(server.socket_address) as other:
        async with connect(server.socket_address, proxy=None) as socket:
            guest = Visitor(socket)
            await guest.until("ready")
            await socket.send(filler * (MAX_MESSAGE_BYTES + 1))
            assert (await guest.until("error"))["code"] == "too_big"
            await guest.say("text_input", text="gracias")
            await guest.until("translation")
            await socket.send(filler * (REFUSED_BYTES + 1))
            assert await guest.close_code() == 1009
        await eventually(lambda: "connection_lost" in reasons(data_dir))
        await other.listen(say("hola") + silence(1))
        assert (await other.until("translation"))["translated"] == "hello"
        await other.leave()


# --- while the session is opening


async def test_setup_failure_engines_that_do_not_load_are_told_and_nothing_is_left(
    data_dir: Path,
) -> None:
    broken = fake(broken=True)
    async with served(data_dir, has_engines=False, HABLA_TRANSCRIBER=broken) as server:
        for _ in range(3):
            told = await refused(server.socket_address)
            assert told == (["engine_unavailable"], CloseCode.FAILED)
    assert rows(data_dir) == []


@pytest.mark.parametrize(
    ("breaking", "mending"),
    [
        (
            "create trigger breaking before insert on sessions_app_translationsession"
            " begin select raise(abort, 'no room'); end",
            "drop trigger breaking",
        ),
        (
            "create trigger breaking before insert on sessions_app_conversation"
            " begin select raise(abort, 'no room'); end",
            "drop trigger breaking",
        ),
        (
            "alter table auth_user rename column username to hidden",
            "alter table auth_user rename column hidden to username",
        ),
    ],
    ids=["row", "conversation", "user"],
)
async def test_setup_failure_a_row_that_cannot_be_written_is_told_and_nothing_is_left(
    data_dir: Path, breaking: str, mending: str
) -> None:
    async with served(data_dir, may_log={"Traceback"}) as server:
        in_database(data_dir, breaking)
        for _ in range(3):
            assert await refused(server.socket_address) == (["not_kept"], CloseCode.FAILED)
        in_database(data_dir, mending)
        async with visitor(server.socket_address) as guest:
            await guest.say("text_input", text="hola")
            assert (await guest.until("translation"))["translated"] == "hello"
    assert reasons(data_dir) == ["client_left"]


async def test_clients_come_and_go_while_the_engines_load(data_dir: Path) -> None:
    async def come_and_go(seconds: float) -> None:
        async with connect(server.socket_address, proxy=None) as socket:
            await Visitor(socket).until("loading")
            await asyncio.sleep(seconds)

    async def come_and_stay() -> None:
        async with visitor(server.socket_address) as guest:
            await guest.listen(say("hola") + silence(1))
            assert (await guest.until("translation"))["translated"] == "hello"
            assert [m["type"] for m in guest.heard[:2]] == ["loading", "loading"]

    slow = fake(load_seconds=3)
    async with served(data_dir, has_engines=False, new_threads=1, HABLA_TRANSCRIBER=slow) as server:
        async with asyncio.TaskGroup() as crowd:
            for number in range(20):
                crowd.create_task(come_and_go(number / 10))
            for _ in range(3):
                crowd.create_task(come_and_stay())
        await server.until_said(LAST_OF_ENGINES)
    assert {row.reason for row in rows(data_dir)} == {"client_left"}
    assert len(rows(data_dir)) >= 3


# --- how the server closes


async def test_every_close_code_of_the_protocol_is_sent(data_dir: Path) -> None:
    async with served(
        data_dir,
        ends_itself=True,
        may_log={"Traceback"},
        HABLA_MAX_SESSIONS="1",
        HABLA_SILENCE_SECONDS="1",
    ) as server:
        address = server.socket_address
        seen = {
            (await refused(address, origin="http://elsewhere.example"))[1],
            (await refused(address, additional_headers={"X-Forwarded-For": "192.0.2.1"}))[1],
            (await refused(address.replace("/ws/session/", "/ws/watch/no-ticket/")))[1],
        }
        in_database(
            data_dir,
            "create trigger breaking before insert on sessions_app_translationsession"
            " begin select raise(abort, 'no room'); end",
        )
        seen.add((await refused(address))[1])
        in_database(data_dir, "drop trigger breaking")
        async with visitor(address) as guest:
            seen.add((await refused(address))[1])
            await guest.listen(say("hola"))
            seen.add(await guest.close_code())
        await alone(server)
        async with visitor(address) as guest:
            for _ in range(50):
                await guest.say("nonsense")
            seen.add(await guest.close_code())
        await alone(server)
        async with visitor(address) as guest:
            await guest.listen(speech(25))
            seen.add(await guest.close_code())
        await alone(server)
        async with visitor(address) as guest:
            await guest.leave()
            seen.add(await guest.close_code())
        await alone(server)
        async with visitor(f"{address}?resumable=1") as guest:
            ticket = guest.told("ready")[0]["resume"]["ticket"]
            async with visitor(f"{address}?resume={ticket}", is_ready=False) as again:
                await again.until("resumed")
                seen.add(await guest.close_code())
        await alone(server)
        async with visitor(address) as guest:
            server.signal()
            seen.add(await guest.close_code())
    assert seen == {v for k, v in vars(CloseCode).items() if not k.startswith("_")}
    assert reasons(data_dir) == [
        "silent",
        "not_our_protocol",
        "too_fast",
        "client_left",
        "client_left",
        "server_quits",
    ]
