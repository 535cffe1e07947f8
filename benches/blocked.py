"""Latency from a frame to the detector while nobody can write to the database.

An exclusive lock from outside blocks the database thread, which is to store everyone's sentences.
Each talker says short sentences; the time runs from sending the chunk in which one begins to
receiving ``speech_started``.
"""

import asyncio
import sqlite3
from contextlib import AsyncExitStack, closing
from pathlib import Path
from time import monotonic

from benches import sounds
from benches.report import Figure, percentile
from benches.serving import FAKES, habla
from benches.talking import Talker, talk_together, talker

SESSIONS = 30
BLOCKED_SECONDS = 3.0
SENTENCE = sounds.speech(0.5) + sounds.silence(1.0)
CHUNKS_A_SENTENCE = len(sounds.chunks(SENTENCE))
SENTENCES = 5
FREE_SECONDS = 1.5
"""How long everyone talks before the database is blocked."""


async def measure() -> list[Figure]:
    """Return the delays while the database is blocked, and how much was stored afterwards."""
    async with habla(FAKES) as server, AsyncExitStack() as clients:
        talkers = [
            await clients.enter_async_context(talker(server.port, "session", "pcm-s16le"))
            for _ in range(SESSIONS)
        ]
        blocking = asyncio.create_task(_block(server.database), name="bench blocking")
        await talk_together(talkers, sounds.chunks(SENTENCE * SENTENCES), sounds.CHUNK_SECONDS)
        begin_at, end_at = await blocking
        await asyncio.sleep(1.0)
    delays = [one for client in talkers for one in _delays(client, begin_at, end_at)]
    kept = sum(len(client.of("translation")) for client in talkers)
    longest = max(_longest_wait(client) for client in talkers)
    return [
        Figure(f"frame to speech_started, p50 of {len(delays)}", percentile(delays, 50), "ms"),
        Figure("frame to speech_started, p99", percentile(delays, 99), "ms", 100),
        Figure("longest wait of a sentence to be kept", longest, "s"),
        Figure("sentences not kept in the end", SESSIONS * SENTENCES - kept, "", 0),
    ]


async def _block(path: Path) -> tuple[float, float]:
    """Lock the database for a while; return when that began and ended."""
    await asyncio.sleep(FREE_SECONDS)
    with closing(sqlite3.connect(path, isolation_level=None, timeout=5)) as database:
        database.execute("begin exclusive")
        begin_at = monotonic()
        await asyncio.sleep(BLOCKED_SECONDS)
        database.execute("rollback")
        return begin_at, monotonic()


def _delays(client: Talker, begin_at: float, end_at: float) -> list[float]:
    began_at = client.sent_at[::CHUNKS_A_SENTENCE]
    heard_at = [at for at, _ in client.of("speech_started")]
    return [
        1000 * (heard - sent)
        for sent, heard in zip(began_at, heard_at, strict=True)
        if begin_at <= sent < end_at
    ]


def _longest_wait(client: Talker) -> float:
    pairs = zip(client.of("speech_ended"), client.of("translation"), strict=True)
    return max(kept_at - ended_at for (ended_at, _), (kept_at, _) in pairs)
