"""Whoever sends too much waits for itself alone: neighbours hear as if nobody else were there."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.house import eventually
from tests.lifecycle.invariants import reasons, said, served
from tests.lifecycle.rawclient import TEXT, frame, raw_client
from tests.server.visitor import Visitor, visitor
from tests.sounds import say, silence

pytestmark = pytest.mark.timeout(120)

MANY = 10_000
LATE_SECONDS = 2.0
"""On a machine that does other things too; it was 5 s and more on one that does not."""
FLOODS = {
    "text_input": {"type": "text_input", "text": "hola mundo"},
    "ping": {"type": "ping"},
    "set_direction": {"type": "set_direction", "direction": "es_to_en"},
    "new_conversation": {"type": "new_conversation"},
    "nonsense": {"type": "text_input", "text": 7},
}


async def slowest(guest: Visitor, count: int = 4) -> float:
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


async def test_floods_of_all_kinds_make_no_neighbour_late(data_dir: Path) -> None:
    async with served(data_dir) as server, visitor(server.socket_address) as neighbour:
        for kind, message in FLOODS.items():
            async with raw_client(server.socket_address) as rude:
                flood = frame(json.dumps(message).encode(), TEXT) * MANY
                flooding = asyncio.create_task(rude.send_raw(flood))
                reading = asyncio.create_task(rude.read_on())
                assert (kind, await slowest(neighbour) < LATE_SECONDS) == (kind, True)
                for task in (flooding, reading):
                    task.cancel()
                await asyncio.wait({flooding, reading})
                rude.reset()
        await eventually(lambda: len([r for r in reasons(data_dir) if r]) == 5, seconds=20)
        await neighbour.leave()
    assert len(said(data_dir)) < 4 * len(FLOODS) + 200


async def test_who_types_too_fast_is_told_when_to_go_on(data_dir: Path) -> None:
    async with served(data_dir) as server, visitor(server.socket_address) as guest:
        for number in range(80):
            await guest.say("text_input", text=f"{number}")
        error = await guest.until("error")
        assert (error["code"], error["about"], error["fatal"]) == ("too_fast", "text_input", False)
        assert 0 < error["retry_after_seconds"] <= 5
        await asyncio.sleep(error["retry_after_seconds"] + 4)  # it waits: that is what is tested
        await guest.say("text_input", text="gracias")
        while (await guest.until("translation"))["source"] != "gracias":
            pass
        taken = [m["source"] for m in guest.told("translation")]
        refused = len([m for m in guest.told("error") if m["code"] == "too_fast"])
        assert len(taken) + refused == 81
        assert taken[:60] == [str(number) for number in range(60)]
