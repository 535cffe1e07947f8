"""A client that sends too much delays itself alone: neighbours notice nothing."""

import asyncio
import json
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.house import eventually
from tests.lifecycle.invariants import MEGABYTE, reasons, resident_bytes, said, served
from tests.lifecycle.rawclient import BINARY, TEXT, frame, raw_client
from tests.server.running import Running
from tests.server.visitor import Visitor, visitor
from tests.sounds import say, silence

MANY = 10_000
LATE_SECONDS = 2.0
"""On a busy machine; without limits it was 5 s and more on an idle one."""
PING, PONG = 9, 10
"""Opcodes of WebSocket control frames."""
GROWTH_BYTES = 12 * MEGABYTE


def said_in_a_frame(**message: Any) -> bytes:
    return frame(json.dumps(message).encode(), TEXT)


FLOODS = {
    "text_input": said_in_a_frame(type="text_input", text="hola mundo") * MANY,
    "ping": said_in_a_frame(type="ping") * MANY,
    "set_direction": said_in_a_frame(type="set_direction", direction="es_to_en") * MANY,
    "new_conversation": said_in_a_frame(type="new_conversation") * MANY,
    "nonsense": said_in_a_frame(type="text_input", text=7) * MANY,
    "WebSocket's pings": frame(bytes(125), PING) * MANY,
    "WebSocket's pongs": frame(b"", PONG) * MANY,
    "empty sound": frame(b"", BINARY) * MANY,
}


async def slowest(guest: Visitor, count: int = 3) -> float:
    """Return how long the slowest of ``count`` words took to be translated."""
    loop, took = asyncio.get_running_loop(), 0.0
    for _ in range(count):
        await guest.say("start_listening", encoding="pcm-s16le")
        await guest.send_sound(say("hola") + silence(1))
        begun = loop.time()
        assert (await guest.until("translation"))["translated"] == "hello"
        took = max(took, loop.time() - begun)
        await guest.say("stop_listening")
        await guest.until("listening_stopped")
    return took


async def watch_address(server: Running, guest: Visitor) -> str:
    """Return the path of the viewers' WebSocket for the session of ``guest``."""
    session_id = guest.told("ready")[0]["session_id"]
    address = f"{server.address}/api/sessions/{session_id}/tickets"

    def issue() -> str:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(urllib.request.Request(address, method="POST"), timeout=20) as answer:
            return str(json.load(answer)["address"])

    secret = (await asyncio.to_thread(issue)).rstrip("/").rpartition("/")[2]
    return f"{server.socket_address.partition('/ws/')[0]}/ws/watch/{secret}/"


async def test_floods_of_all_kinds_make_no_neighbour_late(data_dir: Path) -> None:
    async with served(data_dir) as server, visitor(server.socket_address) as neighbour:
        watched = await watch_address(server, neighbour)
        floods = [(kind, server.socket_address, flood) for kind, flood in FLOODS.items()]
        floods.append(("a viewer's ping", watched, FLOODS["ping"]))
        for kind, address, flood in floods:
            async with raw_client(address) as rude:
                flooding = asyncio.create_task(rude.send_raw(flood))
                reading = asyncio.create_task(rude.read_on())
                assert (kind, await slowest(neighbour) < LATE_SECONDS) == (kind, True)
                for task in (flooding, reading):
                    task.cancel()
                await asyncio.wait({flooding, reading})
                rude.reset()
        await eventually(
            lambda: len([r for r in reasons(data_dir) if r]) == len(FLOODS), seconds=20
        )
        await neighbour.leave()
    assert len(said(data_dir)) < 4 * len(FLOODS) + 200


async def test_who_types_too_fast_is_told_when_to_go_on(data_dir: Path) -> None:
    async with served(data_dir) as server, visitor(server.socket_address) as guest:
        for number in range(80):
            await guest.say("text_input", text=f"{number}")
        error = await guest.until("error")
        assert (error["code"], error["about"], error["fatal"]) == ("too_fast", "text_input", False)
        assert 0 < error["retry_after_seconds"] <= 5
        await asyncio.sleep(error["retry_after_seconds"] + 4)  # waiting is what is tested
        await guest.say("text_input", text="gracias")
        while (await guest.until("translation"))["source"] != "gracias":
            pass
        taken = [m["source"] for m in guest.told("translation")]
        refused = len([m for m in guest.told("error") if m["code"] == "too_fast"])
        assert len(taken) + refused == 81
        assert taken[:60] == [str(number) for number in range(60)]


async def test_who_pings_and_reads_nothing_and_who_never_ends_a_message_hold_nothing(
    data_dir: Path,
) -> None:
    pings = frame(bytes(125), PING) * (30 * MEGABYTE // 125)
    unended = b"\x01\x80" + bytes(4) + (b"\x00\x80" + bytes(4)) * 3_000_000
    async with served(data_dir) as server, visitor(server.socket_address) as neighbour:
        for flood in (pings, unended):
            async with raw_client(server.socket_address) as rude:
                before = resident_bytes(server.pid)
                sending = asyncio.create_task(rude.send_raw(flood))
                await asyncio.wait({sending}, timeout=5)
                assert resident_bytes(server.pid) - before < GROWTH_BYTES
                assert await slowest(neighbour, 1) < LATE_SECONDS
                sending.cancel()
                await asyncio.wait({sending})
                with suppress(OSError):  # it is closed at the end of its message
                    rude.reset()
