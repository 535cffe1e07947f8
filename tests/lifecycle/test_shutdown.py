"""The shutdown: everyone is told, everything is finished or named in the log, always in time."""

import asyncio
import http.client
import signal
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.contrib.auth import get_user_model
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, InvalidMessage

from sessions_app.core.events import Direction, Event, Manner, Mode, Notice, Numbered
from sessions_app.live.resuming.client_link import ClientConnection
from sessions_app.live.states import SessionRequest
from tests.house import House, eventually
from tests.lifecycle.invariants import reasons, rows, said, served
from tests.lifecycle.shutdown_tools import Another, another, fake, speak
from tests.server.running import running
from tests.server.visitor import Visitor, status_of, visitor

__all__ = ["another"]

STALL_SECONDS = 0.5
"""How long the server waits for a client that does not read, in these tests."""


# --- what is finished


async def test_all_that_was_said_is_told_to_everyone_before_a_server_closes(
    data_dir: Path,
) -> None:
    queues = (1, 3, 6)
    async with served(
        data_dir, ends_itself=True, HABLA_TRANSCRIBER=fake(delay_seconds=0.3)
    ) as server:

        async def come(sentences: int) -> Visitor:
            async with visitor(server.socket_address) as guest:
                await speak(guest, *["hola mundo"] * sentences)
                for _ in range(sentences):
                    await guest.until("speech_ended")
                is_queued.release()
                assert await guest.close_code() == 4012
            return guest

        is_queued = asyncio.Semaphore(0)
        guests = [asyncio.create_task(come(sentences)) for sentences in queues]
        for _ in queues:
            await is_queued.acquire()
        server.signal()
        for sentences, guest in zip(queues, await asyncio.gather(*guests), strict=True):
            assert len(guest.told("translation")) == sentences
            assert [guest.heard[-1]["type"], guest.heard[-1]["reason"]] == [
                "closed",
                "server_quits",
            ]
            assert guest.heard[-1]["account"]["unfinished"] == 0
    assert said(data_dir) == ["hola mundo"] * sum(queues)
    assert reasons(data_dir) == ["server_quits"] * len(queues)


async def test_a_signal_at_any_time_after_a_handshake_tells_the_client_and_ends_well(
    another: Another,
) -> None:
    async def end_after(milliseconds: int) -> tuple[int | None, int]:
        data_dir = another(f"after-{milliseconds}")
        async with running(data_dir) as server:
            async with visitor(server.socket_address, is_ready=False) as guest:
                await asyncio.sleep(milliseconds / 1000)
                server.signal()
                code = await guest.close_code()
            exit_code = await server.ended()
        assert [row.problem for row in rows(data_dir) if row.problem] == []
        assert guest.heard[-1]["type"] in ("closed", "error")
        return code, exit_code

    moments = (0, 50, 200, 500, 900)
    ends = await asyncio.gather(*map(end_after, moments))
    assert dict(zip(moments, ends, strict=True)) == dict.fromkeys(moments, (4012, 0))


async def test_clients_that_do_not_read_keep_no_other_waiting(house: House) -> None:
    async def emit(event: Event | Numbered) -> None:
        if isinstance(event, Notice) and event.type == "going_away":
            await asyncio.sleep(STALL_SECONDS)  # as for a client that does not read

    async def hang_up(code: int) -> None:
        codes.append(code)

    codes: list[int] = []
    user = await get_user_model().objects.acreate(username="ana")
    manner = Manner(Direction.ES_TO_EN, Mode.CONVERSATION)
    request = SessionRequest(user.pk, manner, is_operator=True)
    lives = [house.registry.launch(request, ClientConnection(emit, hang_up)) for _ in range(20)]
    await eventually(lambda: all(session.is_open for session, _ in lives))
    async with asyncio.timeout(STALL_SECONDS * 5):
        departure = await house.registry.drain(5)
    assert (departure.sessions, departure.cut_off, departure.stuck) == (20, 0, 0)
    assert codes == [4012] * 20


# --- clients that connect meanwhile


async def test_a_storm_of_connections_meanwhile_is_refused_to_the_last(data_dir: Path) -> None:
    async def come_again_and_again() -> None:
        while not is_over.is_set():
            try:
                async with connect(server.socket_address, proxy=None) as socket:
                    guest = Visitor(socket)
                    codes.add(await guest.close_code())
                    errors.update(error["code"] for error in guest.told("error"))
            except (OSError, InvalidHandshake, InvalidMessage, EOFError):
                await asyncio.sleep(0.01)  # nothing listens on the port, which is what is tested

    codes: set[int | None] = set()
    errors: set[str] = set()
    is_over = asyncio.Event()
    async with (
        served(
            data_dir,
            ends_itself=True,
            HABLA_TRANSCRIBER=fake(delay_seconds=0.5),
            HABLA_MAX_SESSIONS="1000",
        ) as server,
        asyncio.TaskGroup() as storm,
    ):
        async with visitor(server.socket_address) as guest:
            await speak(guest, "hola mundo", "gracias")
            for _ in range(2):
                await guest.until("speech_ended")
            for _ in range(20):
                storm.create_task(come_again_and_again())
            server.signal()
            assert await guest.close_code() == 4012
        assert len(guest.told("translation")) == 2
        assert await server.ended() == 0
        is_over.set()
    assert codes <= {4012}
    assert errors <= {"server_quits"}
    assert set(reasons(data_dir)) == {"server_quits"}


async def test_while_it_drains_it_lives_is_not_ready_and_lets_nobody_in(data_dir: Path) -> None:
    slow = fake(delay_seconds=0.5)
    async with served(data_dir, ends_itself=True, HABLA_TRANSCRIBER=slow) as server:
        place = urlsplit(server.address)
        pages = http.client.HTTPConnection(place.netloc, timeout=10)
        early = socket.create_connection((place.hostname, place.port))
        assert await asyncio.to_thread(answer, pages, "/readyz") == 200
        assert await asyncio.to_thread(first_page, early, place.netloc) == b"HTTP/1.1 200 OK"
        async with visitor(server.socket_address) as guest:
            await speak(guest, "hola", "gracias")
            for _ in range(2):
                await guest.until("speech_ended")
            server.signal()
            await guest.until("going_away")
            assert await asyncio.to_thread(answer, pages, "/readyz") == 503
            assert await asyncio.to_thread(answer, pages, "/healthz") == 200
            with pytest.raises(OSError, match="refused"):
                await status_of(server.address + "/healthz")
            async with connect(server.socket_address, sock=early, proxy=None) as late:
                refused = Visitor(late)
                assert await refused.close_code() == 4012
            assert [error["code"] for error in refused.told("error")] == ["server_quits"]
            assert await guest.close_code() == 4012
        pages.close()
        assert len(guest.told("translation")) == 2


def answer(pages: http.client.HTTPConnection, path: str) -> int:
    pages.request("GET", path)
    with pages.getresponse() as response:
        response.read()
        return response.status


def first_page(wire: socket.socket, netloc: str) -> bytes:
    """Ask for a page on a connection that stays; return the first line of the answer."""
    wire.sendall(f"GET /healthz HTTP/1.1\r\nHost: {netloc}\r\n\r\n".encode())
    answered = b""
    while not answered.endswith(b"ok\n"):
        answered += wire.recv(4096)
    wire.setblocking(False)
    return answered.partition(b"\r\n")[0]


async def test_a_restart_is_not_begun_while_it_quits(data_dir: Path) -> None:
    slow = fake(delay_seconds=0.5)
    async with served(data_dir, ends_itself=True, HABLA_TRANSCRIBER=slow) as server:
        async with visitor(server.socket_address) as guest:
            await speak(guest, "hola")
            await guest.until("speech_ended")
            server.signal()
            await guest.until("going_away")
            server.signal(signal.SIGHUP)
            assert await guest.close_code() == 4012
        assert len(guest.told("translation")) == 1
    assert "generation 2" not in server.log
