"""A client that reads more slowly than it is sent to is cut off; a phone on a slow net is not."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.house import eventually
from tests.lifecycle.invariants import reasons, served
from tests.lifecycle.rawclient import TEXT, RawClient, raw_client

CUT_SECONDS = 40
"""Eight kilobytes a second more are said than read: the 50 KB that may wait here and the 64 KB of
the client's own buffer take some 15 s, then it is 3 s. The rest is for a machine that is busy."""
PONG_BYTES = 2_000
PINGS_A_SECOND = 5
"""Length of a message: ten kilobytes per second, as in a lively conversation with long words."""


@asynccontextmanager
async def talking(client: RawClient) -> AsyncIterator[None]:
    """Make the server send ten kilobytes per second meanwhile."""

    async def talk() -> None:
        number = 0
        while True:
            number += 1
            ping = json.dumps({"type": "ping", "t": f"{number}".ljust(PONG_BYTES)})
            await client.send(ping.encode(), TEXT)
            await asyncio.sleep(1 / PINGS_A_SECOND)

    task = asyncio.create_task(talk())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def read_at(client: RawClient, rate: int, seconds: float) -> bytes:
    """Read ``rate`` bytes per second; return what came, until the end or for ``seconds``."""
    came = b""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while loop.time() < end:
        try:
            async with asyncio.timeout(1):
                piece = await client.take(rate // 4)
        except TimeoutError:
            continue
        except ConnectionError:
            break
        if not piece:
            break
        came += piece
        await asyncio.sleep(0.25)  # the client is slow: that is what is tested
    return came


async def test_who_reads_two_kilobytes_a_second_is_cut_off_with_its_code(data_dir: Path) -> None:
    async with served(data_dir) as server:
        async with raw_client(server.socket_address) as slow:
            reading = asyncio.create_task(read_at(slow, 2_000, 80))
            async with talking(slow):
                await eventually(lambda: reasons(data_dir) == ["cannot_keep_up"], CUT_SECONDS)
            reading.cancel()
            await asyncio.wait({reading})
            came = await read_at(slow, 1_000_000, 20)
        assert came.endswith(b"\x88\x02" + (4409).to_bytes(2, "big"))


async def test_who_reads_twenty_kilobytes_a_second_lives(data_dir: Path) -> None:
    async with served(data_dir) as server:
        async with raw_client(server.socket_address) as phone, talking(phone):
            came = await read_at(phone, 20_000, 15)
            assert len(came) > 60_000
            phone.reset()
        await eventually(lambda: reasons(data_dir) == ["connection_lost"], seconds=20)
    assert "is cut off" not in server.log
