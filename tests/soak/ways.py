"""All kinds of visits: how clients come, speak and leave; each checks the answers that it gets."""

import asyncio
import json
import random
import socket
import struct
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.patience import PATIENCE_SECONDS
from tests.server.running import Running
from tests.server.visitor import Visitor
from tests.soak.resuming_ways import (
    comes_back,
    comes_back_and_gives_up,
    comes_too_late,
    does_not_come_back,
    takes_over,
)
from tests.sounds import say, silence

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with which closing resets the connection."""
FAILING_WORD = "red"
"""The word on which the engines of a soak fail."""
LONG_PING = "x" * 100_000
"""A text that comes back unchanged."""


@dataclass(frozen=True, slots=True)
class Way:
    """One kind of visit."""

    name: str
    share: int
    """How many of a hundred visits."""
    reason: str
    """The reason in the session's row."""
    visit: Callable[[Running], Awaitable[None]]
    then: str = ""
    """The reason in the row of the session that continues it; empty: none does."""
    is_greedy: bool = False
    """Whether it makes the server hold as much as it ever holds for one client."""


@asynccontextmanager
async def guest_at(
    server: Running, max_queue: int = 16
) -> AsyncIterator[tuple[Visitor, ClientConnection]]:
    """Open a connection and wait until it is ready; close it at the end, if it is still open."""
    async with connect(server.socket_address, proxy=None, max_queue=max_queue) as wire:
        guest = Visitor(wire)
        await guest.until("ready")
        yield guest, wire


async def listen(guest: Visitor, pcm: bytes) -> None:
    """Start listening to PCM and send it."""
    await guest.say("start_listening", encoding="pcm-s16le")
    await guest.send_sound(pcm)


def reset(wire: ClientConnection) -> None:
    """Drop the connection by a TCP reset."""
    wire.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    wire.transport.abort()


# --- the ways


async def says_a_sentence(server: Running) -> None:
    async with guest_at(server) as (guest, _):
        await listen(guest, say("hola mundo") + silence(1))
        assert (await guest.until("translation"))["translated"] == "hello world"


async def types(server: Running) -> None:
    async with guest_at(server) as (guest, _):
        await guest.say("text_input", text="gracias")
        assert (await guest.until("translation"))["translated"] == "thanks"


async def is_reset(server: Running) -> None:
    async with guest_at(server) as (guest, wire):
        await listen(guest, say("casa") + silence(1))
        await guest.until("transcript")
        reset(wire)


async def leaves_in_mid_sentence(server: Running) -> None:
    async with guest_at(server) as (guest, _):
        await listen(guest, say("quiero agua"))
        await guest.until("speech_started")


async def is_reset_before_it_is_ready(server: Running) -> None:
    async with connect(server.socket_address, proxy=None) as wire:
        for _ in range(random.randrange(10)):  # each takes a turn of the loop
            await asyncio.sleep(0)
        reset(wire)


async def talks_nonsense(server: Running) -> None:
    async with guest_at(server) as (guest, _):
        for _ in range(50):
            await guest.say("nonsense")
        assert await guest.close_code() == 4400


async def sends_too_fast(server: Running) -> None:
    async with guest_at(server) as (guest, _):
        await listen(guest, say("hola") + silence(1))
        with suppress(ConnectionClosed):
            while True:
                await guest.send_sound(silence(1))
        code = await guest.close_code()
        assert code == 4409, code


async def does_not_read(server: Running) -> None:
    async with guest_at(server, max_queue=1) as (guest, _):
        with suppress(ConnectionClosed):
            while True:
                await guest.say("ping", t=LONG_PING)


async def starts_afresh_in_mid_sentence(server: Running) -> None:
    async with guest_at(server) as (guest, _):
        await listen(guest, say("la casa"))
        await guest.say("new_conversation")
        await guest.until("conversation_started")
        assert guest.told("translation")[0]["translated"] == "the house"


async def is_ended_by_the_operator(server: Running) -> None:
    async with guest_at(server) as (guest, _):
        await listen(guest, say("sí") + silence(0.2))
        session_id = guest.told("ready")[0]["session_id"]
        url = f"{server.address}/api/sessions/{session_id}/live"
        ending = asyncio.create_task(asyncio.to_thread(_delete, url))
        assert await guest.close_code() == 1000
        assert guest.told("translation")[0]["translated"] == "yes"
        assert await ending in (200, 202)  # the latter where its row is still to be written


async def sends_broken_webm(server: Running) -> None:
    async with guest_at(server) as (guest, _):
        await guest.say("start_listening", encoding="webm-opus")
        await guest.send_sound(say("no"))
        assert (await guest.until("error"))["code"] == "broken_stream"
        await guest.until("listening_stopped")


async def says_what_fails(server: Running) -> None:
    async with guest_at(server) as (guest, _):
        await listen(guest, say(FAILING_WORD) + silence(1))
        assert (await guest.until("error"))["about"] == 1


WAYS = (
    Way("says a sentence and leaves", 14, "client_left", says_a_sentence),
    Way("types and leaves", 6, "client_left", types),
    Way("is reset", 9, "connection_lost", is_reset),
    Way("leaves in mid-sentence", 10, "client_left", leaves_in_mid_sentence),
    Way("is reset before it is ready", 8, "connection_lost", is_reset_before_it_is_ready),
    Way("talks nonsense fifty times", 6, "not_our_protocol", talks_nonsense),
    Way("sends too fast", 5, "too_fast", sends_too_fast, is_greedy=True),
    Way("does not read", 3, "cannot_keep_up", does_not_read, is_greedy=True),
    Way("starts afresh in mid-sentence", 8, "client_left", starts_afresh_in_mid_sentence),
    Way("is ended by the operator", 1, "ended_by_operator", is_ended_by_the_operator),
    Way("sends broken WebM", 5, "client_left", sends_broken_webm),
    Way("says what the engine fails on", 6, "client_left", says_what_fails),
    Way("is cut off and comes back, twice", 7, "client_left", comes_back),
    Way("is cut off, comes back and gives up", 2, "client_left", comes_back_and_gives_up),
    Way("takes over from itself", 2, "client_left", takes_over),
    Way("is cut off and does not come back", 5, "not_resumed", does_not_come_back),
    Way("is cut off and comes too late", 3, "not_resumed", comes_too_late, then="client_left"),
)
"""Their shares add up to a hundred."""


def _delete(url: str) -> int:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, method="DELETE")
    with opener.open(request, timeout=PATIENCE_SECONDS) as response:
        json.load(response)
        return int(response.status)
