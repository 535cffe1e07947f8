"""How long it takes from a client's close until its row is closed and the registry without it.

The row is looked up in the database, from outside; the registry is queried by ``/api/status`` as
soon as the row is closed. All sessions are in mid-speech, and most of them stay.
"""

import asyncio
import sqlite3
from contextlib import AsyncExitStack, closing
from time import monotonic
from uuid import UUID

import httpx

from benches import sounds
from benches.report import Figure, percentile
from benches.serving import FAKES, Server, habla
from benches.talking import Talker, talk_together, talker

LIVE = 100
LEAVING = 20
ROUNDS = 4
SPEECH_SECONDS = 1.0
LOOK_SECONDS = 0.004
"""How often the database is queried."""
PATIENCE_SECONDS = 15.0


async def measure() -> list[Figure]:
    """Return how long it took until those who left were gone."""
    closed: list[float] = []
    released: list[float] = []
    async with habla(FAKES) as server:
        for _ in range(ROUNDS):
            async with AsyncExitStack() as clients:
                await _leave(server, clients, closed, released)
    count = LEAVING * ROUNDS
    return [
        Figure(f"leaving to row closed, p50 of {count}", percentile(closed, 50), "ms"),
        Figure("leaving to row closed, p99", percentile(closed, 99), "ms", 250),
        Figure("leaving to registry without it, p99", percentile(released, 99), "ms", 250),
    ]


async def _leave(
    server: Server, clients: AsyncExitStack, closed: list[float], released: list[float]
) -> None:
    talkers = [
        await clients.enter_async_context(talker(server.port, "session", "pcm-s16le"))
        for _ in range(LIVE)
    ]
    await talk_together(talkers, sounds.chunks(sounds.speech(SPEECH_SECONDS)), sounds.CHUNK_SECONDS)
    leaving = talkers[:LEAVING]
    left_at: dict[str, float] = {}
    async with asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(_watch(server, {client.session_id for client in leaving}))
        for client in leaving:
            tasks.create_task(_close(client, left_at))
    closed_at, released_at = watching.result()
    closed += [1000 * (closed_at[one] - at) for one, at in left_at.items()]
    released += [1000 * (released_at - at) for at in left_at.values()]


async def _close(client: Talker, left_at: dict[str, float]) -> None:
    left_at[client.session_id] = monotonic()
    await client.socket.close()


async def _watch(server: Server, session_ids: set[str]) -> tuple[dict[str, float], float]:
    """Return when each row was seen closed, and when the registry was seen without all of them."""
    closed_at: dict[str, float] = {}
    with closing(sqlite3.connect(server.database)) as database:
        while session_ids - set(closed_at):
            closed_now, at = _closed(database) & session_ids, monotonic()
            closed_at |= dict.fromkeys(closed_now - set(closed_at), at)
            await asyncio.sleep(LOOK_SECONDS)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as client:
        while True:
            status = (await client.get("/api/status")).json()
            if session_ids.isdisjoint(session["id"] for session in status["sessions"]):
                return closed_at, monotonic()


def _closed(database: sqlite3.Connection) -> set[str]:
    rows = database.execute(
        "select id from sessions_app_translationsession where state = 'closed'"
    ).fetchall()
    return {str(UUID(row[0])) for row in rows}
