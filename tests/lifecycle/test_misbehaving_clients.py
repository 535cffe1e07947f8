"""Misbehaving clients are told so, cut off where necessary, and harm nobody else."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sessions_app.protocol import MAX_MESSAGE_BYTES, CloseCode
from tests.house import eventually
from tests.lifecycle.invariants import (
    MEGABYTE,
    alone,
    reasons,
    resident_bytes,
    rows,
    said,
    served,
)
from tests.lifecycle.rawclient import TEXT, RawClient, raw_client
from tests.server.running import ROOT, Running
from tests.server.visitor import Visitor, visitor
from tests.sounds import say, silence, speech

MOST_GROWTH = 10 * MEGABYTE
MANY = 100_000
BAD = {
    "{": "bad_json",
    "[]": "bad_message",
    '{"type":"nonsense"}': "unknown_type",
    '{"type":"set_direction","direction":"up"}': "bad_field",
    '{"type":"stop_listening"}': "not_listening",
}
"""Text frames, and the errors that answer them."""
BIG_PING = json.dumps({"type": "ping", "t": "x" * 100_000}).encode()


@asynccontextmanager
async def growth_watched(server: Running) -> AsyncIterator[None]:
    """Fail if the server's memory grows by more than MOST_GROWTH at any moment inside."""
    before = most = resident_bytes(server.pid)

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, resident_bytes(server.pid))
            await asyncio.sleep(0.02)

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.wait({watching})
    assert most - before <= MOST_GROWTH


async def chat(guest: Visitor) -> None:
    """Say a word, and get its translation as if nobody else were there."""
    await guest.say("start_listening", encoding="pcm-s16le")
    await guest.send_sound(say("hola") + silence(1))
    async with asyncio.timeout(2):
        assert (await guest.until("translation"))["translated"] == "hello"
    await guest.say("stop_listening")
    await guest.until("listening_stopped")


# --- bad input


async def test_bad_input_is_told_and_changes_nothing(data_dir: Path) -> None:
    async with (
        served(data_dir) as server,
        visitor(server.socket_address) as guest,
        visitor(server.socket_address) as other,
    ):
        for text, code in BAD.items():
            await guest.send(text)
            assert (text, (await guest.until("error"))["code"]) == (text, code)
        await guest.send(b"\0\0" * 100)
        assert (await guest.until("error"))["code"] == "not_listening"
        await chat(guest)
        await chat(other)
        assert other.told("error") == []
        await guest.leave()
        await other.leave()
    assert reasons(data_dir) == ["client_left", "client_left"]


async def test_frames_before_their_time_are_told_and_harm_nothing(data_dir: Path) -> None:
    slow = json.dumps({"BACKEND": "fake", "OPTIONS": {"load_seconds": 1}})
    async with served(data_dir, has_engines=False, new_threads=1, HABLA_TRANSCRIBER=slow) as server:
        async with visitor(server.socket_address, is_ready=False) as guest:
            await guest.until("loading")
            await guest.send(b"\0\0" * 100)
            await guest.say("start_listening", encoding="pcm-s16le")
            await guest.until("ready")
            await chat(guest)
        assert [(e["code"], e["about"]) for e in guest.told("error")] == [
            ("not_ready", "audio"),
            ("not_ready", "start_listening"),
        ]


# --- too much


async def test_a_sender_beyond_the_agreed_speed_is_told_and_then_closed(data_dir: Path) -> None:
    async with served(data_dir) as server:
        async with visitor(server.socket_address) as guest:
            await guest.say("start_listening", encoding="pcm-s16le")
            # a minute: on a slow machine half of it may be allowed by the time it arrives
            sending = asyncio.create_task(flood(guest, speech(1), 60 * len(speech(1))))
            assert (await guest.until("error"))["code"] == "too_fast"
            assert await guest.close_code() == CloseCode.TOO_FAST
            await sending
        assert guest.told("closed")[0]["reason"] == "too_fast"
        account = guest.told("closed")[0]["account"]
    assert reasons(data_dir) == ["too_fast"]
    assert account["received"] == rows(data_dir)[1].received
    assert rows(data_dir)[1].unfinished == 0


async def test_a_flood_of_200_megabytes_is_counted_told_and_ended(data_dir: Path) -> None:
    chunk = bytes(MAX_MESSAGE_BYTES)
    async with served(data_dir) as server, visitor(server.socket_address) as other:
        async with growth_watched(server), visitor(server.socket_address) as guest:
            await guest.say("start_listening", encoding="pcm-s16le")
            flooding = asyncio.create_task(flood(guest, chunk, 200 * MEGABYTE))
            listening = asyncio.create_task(guest.close_code())
            await chat(other)
            assert await listening == CloseCode.TOO_FAST
            await flooding
        await chat(other)
        assert "too_fast" in [error["code"] for error in guest.told("error")]
        assert guest.told("closed")[0]["reason"] == "too_fast"
        assert other.told("error") == []
        await other.leave()
    assert sorted(reasons(data_dir)) == ["client_left", "too_fast"]


async def test_a_flood_of_tiny_chunks_is_counted_told_and_ended(data_dir: Path) -> None:
    async with served(data_dir) as server, visitor(server.socket_address) as other:
        async with growth_watched(server), visitor(server.socket_address) as guest:
            await guest.say("start_listening", encoding="pcm-s16le")
            flooding = asyncio.create_task(flood(guest, bytes(200), 4 * MEGABYTE))
            listening = asyncio.create_task(guest.close_code())
            await chat(other)
            assert await listening == CloseCode.TOO_FAST
            await flooding
        await other.leave()


async def flood(guest: Visitor, chunk: bytes, size: int) -> None:
    """Send ``size`` bytes as fast as they go, or until the connection is closed."""
    for _ in range(size // len(chunk)):
        if not await guest.send(chunk):
            return


async def test_a_flood_of_commands_that_nobody_reads_the_answers_of_is_cut_off(
    data_dir: Path,
) -> None:
    async with served(data_dir) as server, visitor(server.socket_address) as other:
        async with growth_watched(server), raw_client(server.socket_address) as rude:
            with pytest.raises(ConnectionError):
                await send_pings(rude, MANY)
        await eventually(lambda: "cannot_keep_up" in reasons(data_dir))
        await chat(other)
        await other.leave()


# --- too slow


async def test_a_reader_that_stalls_often_but_goes_on_loses_nothing(data_dir: Path) -> None:
    pings = 40
    async with served(data_dir) as server:
        async with growth_watched(server), raw_client(server.socket_address) as lazy:
            sending = asyncio.create_task(send_pings(lazy, pings))
            read = 0
            for _ in range(3):
                await asyncio.sleep(0.8)  # the client sleeps: that is what is tested
                read += await read_some(lazy, pings * len(BIG_PING) // 3)
            await sending
            assert read >= pings * 100_000
            lazy.reset()
        await eventually(lambda: reasons(data_dir) == ["connection_lost"])
    assert "is cut off" not in server.log


async def send_pings(client: RawClient, count: int) -> None:
    for _ in range(count):
        await client.send(BIG_PING, TEXT)


async def read_some(client: RawClient, size: int) -> int:
    """Read until ``size`` bytes came, or nothing comes for a while."""
    read = 0
    try:
        while read < size:
            async with asyncio.timeout(1):
                read += await client.read(65_536)
    except TimeoutError:
        return read
    return read


async def test_who_is_listened_to_and_says_nothing_is_closed(data_dir: Path) -> None:
    async with served(data_dir, HABLA_SILENCE_SECONDS="1") as server:
        async with visitor(server.socket_address) as guest:
            await guest.say("start_listening", encoding="pcm-s16le")
            await guest.send_sound(say("hola"))
            assert await guest.close_code() == CloseCode.SILENT
        assert guest.told("translation")[0]["translated"] == "hello"
    assert reasons(data_dir) == ["silent"]
    assert said(data_dir) == ["hola"]


async def test_who_pauses_often_but_not_too_long_is_kept(data_dir: Path) -> None:
    async with served(data_dir, HABLA_SILENCE_SECONDS="1") as server:
        async with visitor(server.socket_address) as guest:
            await guest.say("start_listening", encoding="pcm-s16le")
            for _ in range(4):
                await guest.send_sound(speech(0.1))
                await asyncio.sleep(0.7)  # the client pauses: that is what is tested
            await guest.say("stop_listening")
            await guest.until("listening_stopped")
        await alone(server)
    assert reasons(data_dir) == ["client_left"]


async def test_a_client_process_that_is_frozen_is_closed_and_forgotten(data_dir: Path) -> None:
    async with served(data_dir, HABLA_SILENCE_SECONDS="1") as server:
        frozen = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.lifecycle.frozen",
            server.socket_address,
            cwd=ROOT,
            stdout=PIPE,
        )
        try:
            assert frozen.stdout is not None
            assert await frozen.stdout.readline() == b"speaking\n"
            frozen.send_signal(signal.SIGSTOP)
            await eventually(lambda: reasons(data_dir) == ["silent"])
            await alone(server)
        finally:
            frozen.kill()
            await frozen.wait()
