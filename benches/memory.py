"""The memory of the server process before its engines, and what each session adds."""

import asyncio
from contextlib import AsyncExitStack

from benches import sounds
from benches.report import Figure
from benches.serving import FAKES, habla
from benches.talking import talk_together, talker

WARM = 4
"""Sessions that are there first, since the first one costs more than the others."""
MORE = 44
LOADING = '{"BACKEND": "fake", "OPTIONS": {"load_seconds": 60}}'
"""Keeps the engines from being loaded while the process is measured."""
SECONDS = 6.0


async def measure() -> list[Figure]:
    """Return the memory of the process, and of one session in mid-speech sent as WebM/Opus."""
    detecting = FAKES | {"HABLA_DETECTOR": "silero"}
    slices = await asyncio.to_thread(_slices)
    async with habla(FAKES | {"HABLA_TRANSCRIBER": LOADING}, "/healthz") as server:
        alone = server.resident_megabytes
    async with habla(detecting) as server, AsyncExitStack() as clients:
        await _talk(clients, server.port, WARM, slices)
        before = server.resident_megabytes
        await _talk(clients, server.port, MORE, slices)
        each = (server.resident_megabytes - before) / MORE
    return [
        Figure("serving process before engines", alone, "MB", 120),
        Figure(f"a session in mid-speech, mean of {MORE}", each, "MB", 1.5),
    ]


def _slices() -> list[bytes]:
    return sounds.webm_slices(sounds.spoken(SECONDS))


async def _talk(clients: AsyncExitStack, port: int, count: int, slices: list[bytes]) -> None:
    talkers = [
        await clients.enter_async_context(talker(port, "session", "webm-opus"))
        for _ in range(count)
    ]
    await talk_together(talkers, slices, sounds.SLICE_SECONDS)
