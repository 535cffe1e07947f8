"""How much a client is sent while someone talks without a pause."""

from contextlib import AsyncExitStack

from benches import sounds
from benches.report import Figure
from benches.serving import FAKES, habla
from benches.talking import talk_together, talker

TALKERS = 4
SECONDS = 32.0
"""A little more than two of the longest segments."""


async def measure() -> list[Figure]:
    """Return the bytes sent to a client for each hour of unbroken speech."""
    chunks = sounds.chunks(sounds.speech(SECONDS))
    async with habla(FAKES) as server, AsyncExitStack() as clients:
        talkers = [
            await clients.enter_async_context(talker(server.port, "session", "pcm-s16le"))
            for _ in range(TALKERS)
        ]
        await talk_together(talkers, chunks, sounds.CHUNK_SECONDS)
        most = max(client.received_bytes for client in talkers)
        partials = max(len(client.of("partial")) for client in talkers)
    return [
        Figure(
            "sent to a client in an hour of unbroken speech", most * 3600 / SECONDS / 1e6, "MB", 5
        ),
        Figure("partials a second", partials / SECONDS, "/s"),
    ]
