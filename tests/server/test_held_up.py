"""A server that was held up does not count that time as its clients' silence or slowness."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.server.running import Running, running
from tests.server.visitor import visitor
from tests.server.wire import last, wire
from tests.sounds import say, silence

SENTENCE = say("hola") + silence(0.65)
HELD_UP_SECONDS = 5.0
BODY = bytes(900_000)


@asynccontextmanager
async def held_up(server: Running) -> AsyncIterator[None]:
    """Stop the process for HELD_UP_SECONDS, including the time of the block."""
    server.signal(signal.SIGSTOP)
    going_on = asyncio.get_running_loop().call_later(HELD_UP_SECONDS, server.signal, signal.SIGCONT)
    try:
        yield
    finally:
        await asyncio.sleep(max(0.0, going_on.when() - asyncio.get_running_loop().time()))


async def test_whoever_speaks_meanwhile_is_heard(data_dir: Path) -> None:
    async with running(data_dir, HABLA_SILENCE_SECONDS="2") as server:
        async with visitor(server.socket_address) as guest:
            await guest.say("start_listening", encoding="pcm-s16le")
            await guest.until("listening_started")
            async with held_up(server):
                for _ in range(8):
                    await guest.send(SENTENCE)
                    await asyncio.sleep(0.5)
            await guest.say("stop_listening")
            await guest.until("listening_stopped")
        assert [message["text"] for message in guest.told("transcript")] == ["hola"] * 8
        assert guest.told("error") == []


async def test_a_body_that_came_meanwhile_is_read_to_its_end(data_dir: Path) -> None:
    async with (
        running(data_dir, DJANGO_SETTINGS_MODULE="tests.server.short_limits") as server,
        wire(server.address) as connection,
    ):
        await connection.send(last("POST /healthz", f"Content-Length: {len(BODY)}"), BODY[:9])
        await asyncio.sleep(0.5)  # its time limit is running
        async with held_up(server):
            await connection.send(BODY[9:])
        assert (await connection.until_closed()).status not in (0, 408)
