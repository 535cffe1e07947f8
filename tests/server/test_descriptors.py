"""Idle connections keep nobody out, and never break a live session."""

import asyncio
import json
import os
import resource
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from sessions_app.core.descriptors import EXHAUSTED
from tests.house import eventually
from tests.lifecycle.invariants import reasons, said, served
from tests.scarcity import lowest_free, no_file_can_be_opened, opened
from tests.server.running import Running
from tests.server.visitor import status_of, visitor
from tests.server.wire import Answer, Wire, exchange, head, last, wire
from tests.sounds import mp4, say, silence

DESCRIPTORS = 256
LIMITED = (
    sys.executable,
    "-c",
    "import os, resource, sys;"
    f"resource.setrlimit(resource.RLIMIT_NOFILE, ({DESCRIPTORS}, {DESCRIPTORS}));"
    "os.execv(sys.argv[1], sys.argv[1:])",
)
"""Starts the command that follows with few descriptors, permanently."""


@contextmanager
def idle(server: Running, count: int, sent: bytes = b"") -> Iterator[None]:
    """Hold ``count`` connections without a request, or with an incomplete one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    place = urlsplit(server.address)
    with ExitStack() as wires:
        for _ in range(count):
            wire = wires.enter_context(socket.socket())
            wire.settimeout(10)
            wire.connect((place.hostname, place.port))
            if sent:
                try:
                    wire.sendall(sent)
                except ConnectionError:  # it was ended already
                    continue
        yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


HALF = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
HANDSHAKE = HALF + b"Upgrade: websocket\r\nConnection: Upgrade\r\n"


async def test_many_idle_connections_shut_nobody_out(data_dir: Path) -> None:
    async with served(data_dir, through=LIMITED) as server:
        async with visitor(server.socket_address) as guest:
            for sent in (b"", HALF, HANDSHAKE):
                with await asyncio.to_thread(enter_idle, server, 400, sent):
                    await guest.say("start_listening", encoding="webm-opus")
                    assert (await guest.until("listening_started"))["recording"]
                    await guest.say("stop_listening")
                    await guest.until("listening_stopped")
                    await guest.listen(say("hola") + silence(1))
                    assert (await guest.until("translation"))["translated"] == "hello"
                    await guest.say("stop_listening")
                    await guest.until("listening_stopped")
                    for path in ("readyz", "history/", "readyz"):
                        assert (path, await status_of(f"{server.address}/{path}")) == (path, 200)
                    async with visitor(server.socket_address) as other:
                        await other.type_and_hear("uno")
            assert [e["code"] for e in guest.told("error")] == []
        assert "idle ones" in server.log
    assert reasons(data_dir) == ["client_left"] * 4
    assert sorted(said(data_dir)) == ["hola"] * 3 + ["uno"] * 3


def enter_idle(server: Running, count: int, sent: bytes) -> ExitStack:
    """Return a context in which the connections are already held."""
    with ExitStack() as stack:
        stack.enter_context(idle(server, count, sent))
        return stack.pop_all()


async def test_the_limit_is_raised_to_what_the_system_allows(data_dir: Path) -> None:
    few = LIMITED[2].replace(f"({DESCRIPTORS}, ", f"({DESCRIPTORS // 2}, ")
    async with served(data_dir, through=(*LIMITED[:2], few)) as server:
        assert resource.prlimit(server.pid, resource.RLIMIT_NOFILE) == (DESCRIPTORS, DESCRIPTORS)


def retry_and_code(answer: Answer) -> tuple[int, str | None, str | None]:
    """Return the status, Retry-After, and the error code of a REST route."""
    is_json = answer.headers.get("content-type", "").startswith("application/json")
    code = json.loads(answer.body)["code"] if is_json else None
    return answer.status, answer.headers.get("retry-after"), code


PASSES = (503, "5", "too_many_files")


async def test_where_none_is_left_whoever_comes_is_told_so_and_a_session_goes_on(
    data_dir: Path,
) -> None:
    async with served(data_dir) as server, visitor(server.socket_address) as guest:
        async with fully_used(server):
            # before others come: descriptors that they free may go to a recording
            await guest.listen(say("hola") + silence(1))
            assert (await guest.until("translation"))["translated"] == "hello"
            await guest.say("stop_listening")
            await guest.until("listening_stopped")
            await guest.say("start_listening", encoding="mp4-aac")
            await guest.until("error")
            assert [e["code"] for e in guest.told("error")] == [
                "recording_stopped",
                "too_many_files",
            ]
            for path, code in (("/api/status", PASSES), ("/history/", (503, "5", None))) * 3:
                answer = await exchange(server.address, last(f"GET {path}"))
                assert retry_and_code(answer) == code
                assert b"Too many files" in answer.body
            with pytest.raises(InvalidStatus) as refused:
                await connect(server.socket_address, proxy=None)
            response = refused.value.response
            assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
            assert await status_of(f"{server.address}/healthz") == 200
            ready = await exchange(server.address, last("GET /readyz"))
            assert (ready.status, EXHAUSTED in ready.body.decode()) == (503, True)
            await guest.type_and_hear("uno")
        await ready_again(server)
        await guest.say("start_listening", encoding="mp4-aac")
        assert (await guest.until("listening_started"))["recording"]
        await guest.send(mp4(say("hola") + silence(1)))
        await guest.say("stop_listening")
        await guest.until("listening_stopped")
        assert len(guest.told("error")) == 2
    assert said(data_dir).count("hola") == 2


async def test_who_was_accepted_before_is_told_so_and_served_later(data_dir: Path) -> None:
    async with served(data_dir) as server, wire(server.address) as early:
        assert (await asked(early, "/healthz")).status == 200
        for path, expected in (("/api/recordings", PASSES), ("/history/", (503, "5", None))):
            with no_file_can_be_opened(server.pid):
                assert retry_and_code(await asked(early, path)) == expected
        assert (await asked(early, "/api/recordings")).status == 200


async def test_idle_connections_make_room_where_none_is_left(data_dir: Path) -> None:
    async with served(data_dir) as server:
        before = sockets(server)
        idle_ones = await asyncio.to_thread(enter_idle, server, 60, b"")
        with idle_ones:
            await eventually(lambda: sockets(server) >= before + 60, seconds=30)
            with no_file_can_be_opened(server.pid):
                assert await status_of(f"{server.address}/history/") == 200
        assert "idle ones" in server.log


@asynccontextmanager
async def fully_used(server: Running) -> AsyncIterator[None]:
    """Leave the server no descriptors but its reserve, which is for live sessions."""
    async with AsyncExitStack() as sessions:
        while lowest_free(server.pid) < max(spared(server)):
            await sessions.enter_async_context(visitor(server.socket_address))
        with no_file_can_be_opened(server.pid):
            yield


def spared(server: Running) -> list[int]:
    return [number for number, what in opened(server.pid).items() if what == os.devnull]


async def ready_again(server: Running) -> None:
    """Wait until it has tested once more whether it can write."""
    async with asyncio.timeout(30):
        while await status_of(f"{server.address}/readyz") != 200:  # noqa: ASYNC110 -- it tells nobody
            await asyncio.sleep(0.2)


def sockets(server: Running) -> int:
    return sum(what.startswith("socket:") for what in opened(server.pid).values())


async def asked(connection: Wire, path: str) -> Answer:
    """Return the answer on a connection that is kept alive."""
    await connection.send(head(f"GET {path}"))
    begun = await connection.until(b"\r\n\r\n")
    length = int(Answer(begun).headers["content-length"])
    return Answer(begun + await connection.take(length))
