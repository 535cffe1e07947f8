"""What Habla uses of Daphne is still there, and what fails in it breaks nothing else."""

import asyncio
import http.client
import inspect
import socket
import sys
import time
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import daphne.server
import pytest
from daphne.http_protocol import WebRequest
from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from sessions_app.server.daphne import HablaServer, reactor
from tests.lifecycle.invariants import reasons, said, served
from tests.lifecycle.shutdown_tools import speak
from tests.server.running import ROOT, START_SECONDS, environment
from tests.server.visitor import Visitor, visitor


async def no_drain() -> None:
    pass


@pytest.fixture
async def server() -> AsyncIterator[HablaServer]:
    """Return a server that is not running."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await receive()

    server = HablaServer(application, host="127.0.0.1", port=0, drain=no_drain)
    server.connections = {}
    yield server
    for call in reactor.getDelayedCalls():
        call.cancel()


def test_what_we_override_and_call_is_there() -> None:
    names = {name for name, _ in inspect.getmembers(Server, inspect.isfunction)}
    ours = {name for name in vars(HablaServer) if not name.startswith("_")}
    assert ours - names == set()
    assert list(inspect.signature(Server.create_application).parameters) == [
        "self",
        "protocol",
        "scope",
    ]
    assert daphne.server.twisted_loop is reactor._asyncioEventloop  # noqa: SLF001 -- a canary
    assert "self._response_started = True" in inspect.getsource(WebRequest.handle_reply)
    assert "self.last_ping = time.time()" in inspect.getsource(WebSocketProtocol.onConnect)
    assert "self.server.websocket_timeout >= 0" in inspect.getsource(WebSocketProtocol)
    assert callable(WebSocketProtocol.dropConnection)


async def test_a_connections_details_are_called_as_we_call_them(server: HablaServer) -> None:
    protocol = Hashable(SimpleNamespace(transport=None))
    server.protocol_connected(protocol)
    queue = server.create_application(protocol, {"type": "http"})
    (details,) = server.connections.values()
    assert set(details) == {"connected", "application_instance"}
    server.protocol_disconnected(protocol)
    assert set(details) == {"connected", "application_instance", "disconnected"}
    queue.put_nowait({"type": "http.disconnect"})
    await asyncio.wait({details["application_instance"]})
    server.application_checker()
    assert server.connections == {}


async def test_daphnes_checks_go_on_whatever_they_meet(server: HablaServer) -> None:
    class Faulty:
        def check_timeouts(self) -> None:
            raise ValueError("a connection in an odd state")

    server.connections = {Faulty(): None}
    server.timeout_checker()
    server.application_checker()
    again = {getattr(call.func, "__name__", "") for call in reactor.getDelayedCalls()}
    assert again >= {"timeout_checker", "application_checker"}


async def test_pings_go_on_when_the_clock_was_set_back(server: HablaServer) -> None:
    protocol = SimpleNamespace(last_ping=time.time() + 90_000, check_timeouts=lambda: None)
    server.connections = {Hashable(protocol): {}}
    server.timeout_checker()
    assert protocol.last_ping <= time.time()


class Hashable:
    """Something that may stand in a dictionary, as Daphne's protocols do."""

    def __init__(self, inner: SimpleNamespace) -> None:
        object.__setattr__(self, "_inner", inner)

    def __getattr__(self, name: str) -> Any:
        return getattr(object.__getattribute__(self, "_inner"), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(object.__getattribute__(self, "_inner"), name, value)


async def test_after_an_answer_that_broke_half_way_all_goes_on_as_before(data_dir: Path) -> None:
    async with served(
        data_dir, may_log={"Traceback"}, DJANGO_SETTINGS_MODULE="tests.lifecycle.settings"
    ) as server:
        for _ in range(2):
            with pytest.raises(http.client.IncompleteRead):
                await asyncio.to_thread(read, server.address)
            # Daphne's check still runs: an application that crashes is answered and reported
            with pytest.raises(InvalidStatus, match="500"):
                async with connect(f"{server.address.replace('http', 'ws')}/ws/crashing/"):
                    pass
        assert server.log.count("a response broke half-way") == 2
        assert server.log.count("Exception inside application") == 2
        async with visitor(server.socket_address) as guest:
            await speak(guest, "hola mundo")
            await guest.until("translation")
    assert said(data_dir) == ["hola mundo"]
    assert reasons(data_dir) == ["client_left"]


def read(address: str) -> bytes:
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=10)
    connection.request("GET", "/breaking/")
    try:
        return connection.getresponse().read()
    finally:
        connection.close()


async def test_runserver_says_that_it_has_no_live_sessions(data_dir: Path) -> None:
    async with (
        runserver(data_dir) as address,
        connect(f"ws://{address}/ws/session/", proxy=None) as socket,
    ):
        guest = Visitor(socket)
        assert await guest.close_code() == 4011
    (error,) = guest.told("error")
    assert (error["code"], error["fatal"]) == ("not_serving", True)
    assert "manage.py serve" in error["message"]


@asynccontextmanager
async def runserver(data_dir: Path) -> AsyncIterator[str]:
    """Run Django's development server on a free port; yield its address when it listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "manage.py", "runserver", "--noreload", address),
        cwd=ROOT,
        env=environment(data_dir),
        stdin=DEVNULL,
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    try:
        async with asyncio.timeout(START_SECONDS):
            while not await asyncio.to_thread(is_there, address):  # noqa: ASYNC110 -- nobody tells
                await asyncio.sleep(0.1)
        yield address
    finally:
        process.kill()
        await process.wait()


def is_there(address: str) -> bool:
    host, port = address.split(":")
    with closing(socket.socket()) as wire:
        return wire.connect_ex((host, int(port))) == 0
