"""Latency from a frame to its caption, without and with a server that catches up meanwhile.

First an engine is stuck while many sessions speak, so that all of it waits when they have left.
Then the engine works, a tenth of a second for each utterance, and others talk, with pauses.
"""

import asyncio
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack, closing
from pathlib import Path

from benches import sounds
from benches.captions import caption_delays
from benches.engines import STUCK_VARIABLE
from benches.report import Figure, percentile
from benches.serving import FAKES, Server, habla
from benches.talking import talk_together, talker

SESSIONS = 24
SENTENCES = 20
SENTENCE = sounds.speech(0.5) + sounds.silence(0.75)
DRAIN_SECONDS = 0.5
TALKING = 2
UTTERANCE = sounds.speech(3.0) + sounds.silence(1.25)
UTTERANCES = 6
AT_MOST = 1.2
"""How much later a caption may come while the server catches up."""


async def measure() -> list[Figure]:
    """Return the delays without and with sentences that wait, and how many were caught up on."""
    with tempfile.TemporaryDirectory(prefix="habla-bench-") as directory:
        stuck = Path(directory) / "stuck"
        engines = FAKES | {"HABLA_TRANSCRIBER": "benches.engines.SlowFinals"}
        settings = {STUCK_VARIABLE: str(stuck), "HABLA_DRAIN_SECONDS": str(DRAIN_SECONDS)}
        async with habla(engines | settings) as server:
            before = await _delays(server)
            stuck.touch()
            await _pile_up(server, stuck.unlink)
            late = _late(server)
            meanwhile = await _delays(server)
            caught_up, left = _late(server) - late, _waiting(server)
    p95, p95_meanwhile = percentile(before, 95), percentile(meanwhile, 95)
    return [
        Figure(f"word to caption, nothing waits, p95 of {len(before)}", p95, "ms"),
        Figure(f"word to caption, catching up, p95 of {len(meanwhile)}", p95_meanwhile, "ms"),
        Figure("the ratio of the two", p95_meanwhile / p95, "x", at_most=AT_MOST),
        Figure("sentences caught up on meanwhile", caught_up, "", at_least=1),
        Figure("sentences that still waited then", left, "", at_least=1),
    ]


async def _delays(server: Server) -> list[float]:
    async with AsyncExitStack() as clients:
        talkers = [
            await clients.enter_async_context(talker(server.port, "session", "pcm-s16le"))
            for _ in range(TALKING)
        ]
        chunks = sounds.chunks(UTTERANCE * UTTERANCES)
        await talk_together(talkers, chunks, sounds.CHUNK_SECONDS)
    return [delay for client in talkers for delay in caption_delays(client)]


async def _pile_up(server: Server, mend: Callable[[], None]) -> None:
    """Say what the engine does not come to, leave, and ``mend`` it."""
    async with AsyncExitStack() as clients:
        talkers = [
            await clients.enter_async_context(talker(server.port, "session", "pcm-s16le"))
            for _ in range(SESSIONS)
        ]
        chunks = sounds.chunks(SENTENCE * SENTENCES)
        await talk_together(talkers, chunks, sounds.CHUNK_SECONDS)
    await asyncio.sleep(DRAIN_SECONDS + 2.0)
    mend()


def _late(server: Server) -> int:
    return _count(server, "select count(*) from sessions_app_exchange where is_late")


def _waiting(server: Server) -> int:
    query = "select count(*) from sessions_app_recordedsegment where discarded = 'unfinished'"
    return _count(server, query)


def _count(server: Server, query: str) -> int:
    with closing(sqlite3.connect(server.database)) as database:
        (count,) = database.execute(query).fetchone()
    return int(count)
