"""How much a server's memory grows for clients that read too little or send too much."""

import contextlib
import json
from collections.abc import Awaitable, Callable

from websockets.exceptions import ConnectionClosed

from benches import sounds
from benches.report import Figure
from benches.serving import FAKES, Server, habla
from benches.talking import talk_together, talker

FLOOD_BYTES = 200 * 1024 * 1024
FRAME = sounds.silence(sounds.CHUNK_SECONDS)
PING = json.dumps({"type": "ping", "t": "x" * 100_000})
"""A message whose answer is as large."""
WARM_SECONDS = 2.0

Greedy = Callable[[int], Awaitable[None]]


async def measure() -> list[Figure]:
    """Return the growth of the process for each kind of client."""
    return [
        Figure("growth at a client that asks and does not read", await _growth(_asks), "MB", 10),
        Figure("growth at 200 MB of sound that is heard", await _growth(_floods), "MB", 10),
        Figure("growth at 200 MB of sound before listening", await _growth(_strays), "MB", 10),
    ]


async def _growth(be_greedy: Greedy) -> float:
    """Return by how many MB a server's peak exceeds what it held before."""
    async with habla(FAKES) as server:
        await _warm_up(server)
        server.forget_peak()
        before = server.resident_megabytes
        await be_greedy(server.port)
        return server.peak_megabytes - before


async def _warm_up(server: Server) -> None:
    async with talker(server.port, "session", "pcm-s16le") as client:
        pcm = sounds.speech(WARM_SECONDS / 2) + sounds.silence(WARM_SECONDS / 2)
        await talk_together([client], sounds.chunks(pcm), sounds.CHUNK_SECONDS)


async def _asks(port: int) -> None:
    async with talker(port, "session", "pcm-s16le", reads=False) as client:
        with contextlib.suppress(ConnectionClosed):
            for _ in range(FLOOD_BYTES // len(PING)):
                await client.socket.send(PING)


async def _floods(port: int) -> None:
    async with talker(port, "session", "pcm-s16le") as client:
        with contextlib.suppress(ConnectionClosed):
            for _ in range(FLOOD_BYTES // len(FRAME)):
                await client.socket.send(FRAME)


async def _strays(port: int) -> None:
    async with talker(port, "session", "pcm-s16le") as client:
        with contextlib.suppress(ConnectionClosed):
            await client.socket.send(json.dumps({"type": "stop_listening"}))
            for _ in range(FLOOD_BYTES // len(FRAME)):
                await client.socket.send(FRAME)
