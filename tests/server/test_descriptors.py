"""Connections that do nothing shut nobody out, and never break a live session."""

import asyncio
import resource
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.lifecycle.invariants import reasons, said, served
from tests.server.running import Running
from tests.server.visitor import status_of, visitor
from tests.sounds import say, silence

pytestmark = pytest.mark.timeout(120)

DESCRIPTORS = 256
LIMITED = (
    sys.executable,
    "-c",
    "import os, resource, sys;"
    f"resource.setrlimit(resource.RLIMIT_NOFILE, ({DESCRIPTORS}, {DESCRIPTORS}));"
    "os.execv(sys.argv[1], sys.argv[1:])",
)
"""Begins what follows with few descriptors, for good."""


@contextmanager
def idle(server: Running, count: int, sent: bytes = b"") -> Iterator[None]:
    """Hold ``count`` connections on which nothing is asked, or not to its end."""
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
        assert "that are idle are ended" in server.log
    assert reasons(data_dir) == ["client_left"] * 4
    assert sorted(said(data_dir)) == ["hola"] * 3 + ["uno"] * 3


def enter_idle(server: Running, count: int, sent: bytes) -> ExitStack:
    """Return a context in which the connections are held already."""
    with ExitStack() as stack:
        stack.enter_context(idle(server, count, sent))
        return stack.pop_all()


async def test_the_limit_is_raised_to_what_the_system_allows(data_dir: Path) -> None:
    few = LIMITED[2].replace(f"({DESCRIPTORS}, ", f"({DESCRIPTORS // 2}, ")
    async with served(data_dir, through=(*LIMITED[:2], few)) as server:
        assert resource.prlimit(server.pid, resource.RLIMIT_NOFILE) == (DESCRIPTORS, DESCRIPTORS)
