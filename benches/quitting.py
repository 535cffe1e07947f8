"""SIGTERM to a server whose sessions hold work: how long it takes, and whether it is all sent."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from time import monotonic

from benches import sounds
from benches.report import Figure
from benches.serving import FAKES, habla
from benches.talking import Talker, talk_together, talker

SESSIONS = 50
SENTENCES = 5
SENTENCE_SECONDS = 0.5
"""How long the engine takes for each; the first is in progress when the signal comes."""
ENGINE = {
    "BACKEND": "fake",
    "OPTIONS": {"delay_seconds": SENTENCE_SECONDS, "parallel": SESSIONS},
}
BURST_SECONDS = 0.01
"""Between chunks: everything is sent at once."""
PATIENCE_SECONDS = 20.0


async def measure() -> list[Figure]:
    """Return how long it took, how many results were not sent, and the exit code."""
    settings = FAKES | {"HABLA_TRANSCRIBER": json.dumps(ENGINE)}
    async with habla(settings) as server, AsyncExitStack() as clients:
        talkers = [
            await clients.enter_async_context(talker(server.port, "session", "pcm-s16le"))
            for _ in range(SESSIONS)
        ]
        sentence = sounds.speech(0.3) + sounds.silence(1.0)
        await talk_together(talkers, sounds.chunks(sentence * SENTENCES), BURST_SECONDS)
        signalled_at = monotonic()
        server.process.terminate()
        async with asyncio.timeout(PATIENCE_SECONDS):
            code = await server.process.wait()
        ended_at = monotonic()
        await asyncio.gather(*(client.socket.wait_closed() for client in talkers))
    queue = max(_last_told(client) for client in talkers) - signalled_at
    total = ended_at - signalled_at
    return [
        Figure("SIGTERM to the last result told: the longest queue", queue, "s"),
        Figure("SIGTERM to exit", total, "s"),
        Figure("beyond the longest queue", total - queue, "s", 1.5),
        Figure(f"results of {SESSIONS * SENTENCES} not told", _missing(talkers), "", 0),
        Figure("sessions not closed with 4012", _wrongly_closed(talkers), "", 0),
        Figure("exit code", code, "", 0),
    ]


def _last_told(client: Talker) -> float:
    return max(at for at, _ in client.of("translation"))


def _missing(talkers: Sequence[Talker]) -> int:
    return sum(SENTENCES - len(client.of("translation")) for client in talkers)


def _wrongly_closed(talkers: Sequence[Talker]) -> int:
    return sum(client.socket.close_code != 4012 or not client.of("closed") for client in talkers)
