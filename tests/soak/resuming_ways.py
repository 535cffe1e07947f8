"""Visits of clients whose session can be resumed: cut off, they come back, late or not at all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.lifecycle.invariants import status
from tests.server.caller import Caller
from tests.server.running import Running
from tests.sounds import chunks, say, silence

RESUME_SECONDS = 2.0
"""How long the server of a soak waits for a client that is cut off."""
LOOK_SECONDS = 0.5
WORDS = "hola mundo"


@asynccontextmanager
async def speaking(server: Running) -> AsyncIterator[Caller]:
    """Yield a client that has said something, of which the words have come; close it at the end."""
    caller = Caller()
    await caller.call(server)
    try:
        await caller.say("start_listening", encoding="pcm-s16le", command=1)
        for chunk in chunks(say(WORDS) + silence(1)):
            await caller.socket.send(chunk)
        await caller.until("transcript")
        yield caller
    finally:
        await caller.socket.close()


async def leave(caller: Caller) -> None:
    """Leave for good, and wait for the last message."""
    await caller.say("leave")
    assert (await caller.until("closed"))["reason"] == "client_left"


async def comes_back(server: Running) -> None:
    async with speaking(server) as caller:
        for _ in range(2):
            caller.lose()
            assert (await caller.call(server))["type"] == "resumed"
        await caller.say("stop_listening", command=2)
        await caller.until("listening_stopped")
        assert caller.words() == [WORDS]
        await leave(caller)


async def comes_back_and_gives_up(server: Running) -> None:
    async with speaking(server) as caller:
        caller.lose()
        assert (await caller.call(server))["type"] == "resumed"
        await caller.socket.send(say("quiero agua"))


async def takes_over(server: Running) -> None:
    async with speaking(server) as caller:
        before = caller.socket
        assert (await caller.call(server))["type"] == "resumed"
        await before.wait_closed()
        assert before.close_code == 4414
        await leave(caller)


async def does_not_come_back(server: Running) -> None:
    async with speaking(server) as caller:
        caller.lose()


async def comes_too_late(server: Running) -> None:
    async with speaking(server) as caller:
        session_id = caller.told("ready")[0]["session_id"]
        caller.lose()
        while session_id in {each["id"] for each in (await status(server))["sessions"]}:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECONDS)
        greeting = await caller.call(server)
        assert (greeting["type"], greeting["continues"]["stream"]) == ("ready", 1)
        await leave(caller)
