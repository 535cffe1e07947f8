"""How fast the pages of ten thousand recordings answer."""

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from uuid import UUID

import httpx

from benches.report import Figure
from benches.rows import Row, insert
from benches.serving import FAKES, habla

RECORDINGS = 10_000
SEGMENTS = 6
"""Of each recording."""
TIMES = 15
LIMIT_MS = 150.0
BEGAN_AT = "2026-01-{:02} {:02}:{:02}:{:02}"
WORDS = "hola mundo la casa es roja"


async def measure() -> list[Figure]:
    """Return the median times of whole answers of pages and lists of RECORDINGS recordings."""
    async with (
        habla(FAKES) as server,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", timeout=60) as client,
    ):
        await client.get("/")
        key = await asyncio.to_thread((server.directory / "owner_key").read_text)
        client.headers["authorization"] = f"Bearer {key}"  # the admin asks for it
        await asyncio.to_thread(_fill, server.database)
        return [await _figure(client, name, path) for name, path in _pages()]


def _pages() -> Iterator[tuple[str, str]]:
    last = RECORDINGS // 25
    yield "the first page of 25", "/recordings/"
    yield "the last page of 25", f"/recordings/?page={last}"
    yield "one recording", f"/recordings/{UUID(_key(RECORDINGS // 2))}/"
    yield "the first 50 by REST", "/api/recordings"
    yield "the last 50 by REST", f"/api/recordings?offset={RECORDINGS - 50}"
    yield "the first 50 in the admin", "/admin/sessions_app/recording/"
    yield "the last 50 in the admin", f"/admin/sessions_app/recording/?p={RECORDINGS // 50}"


async def _figure(client: httpx.AsyncClient, name: str, path: str) -> Figure:
    took = [await _milliseconds(client, path) for _ in range(TIMES)]
    return Figure(f"{name}, of {RECORDINGS}", median(took), "ms", LIMIT_MS)


async def _milliseconds(client: httpx.AsyncClient, path: str) -> float:
    began_at = time.perf_counter()
    (await client.get(path)).raise_for_status()
    return (time.perf_counter() - began_at) * 1000


def _fill(database: Path) -> None:
    with closing(sqlite3.connect(database, timeout=30)) as connection, connection:
        (user,) = connection.execute("SELECT id FROM auth_user").fetchone()
        insert(connection, "sessions_app_recording", (_recording(n, user) for n in _numbers()))
        said = (_segment(n, part) for n in _numbers() for part in range(SEGMENTS))
        insert(connection, "sessions_app_recordedsegment", said)
        insert(connection, "playback_app_groundtruth", (_truth(n, user) for n in _numbers(10)))
        insert(connection, "playback_app_playback", (_playback(n, user) for n in _numbers(5)))


def _numbers(step: int = 1) -> range:
    return range(0, RECORDINGS, step)


def _key(number: int) -> str:
    return UUID(int=number + 1).hex


def _recording(number: int, user: int) -> Row:
    minutes, seconds = divmod(number, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return {
        "id": _key(number),
        "user_id": user,
        "session_id": None,
        "title": f"Recording {number}",
        "state": "complete",
        "started_at": BEGAN_AT.format(days + 1, hours, minutes, seconds),
        "encoding": "webm-opus",
        "sample_rate": 16_000,
        "direction": "es_to_en",
        "mode": "conversation",
        "duration_seconds": 60.0,
        "bytes": 240_000,
        "has_sound": 1,
        "is_bookmarked": 0,
    }


def _segment(number: int, part: int) -> Row:
    return {
        "recording_id": _key(number),
        "utterance_id": part + 1,
        "start_sample": part * 160_000,
        "end_sample": part * 160_000 + 80_000,
        "language": "es",
        "text": WORDS,
        "translation": WORDS,
        "discarded": "",
    }


def _truth(number: int, user: int) -> Row:
    return {
        "recording_id": _key(number),
        "segment_id": number * SEGMENTS + 1,
        "version": 1,
        "transcript": WORDS,
        "translation": WORDS,
        "user_id": user,
        "written_at": BEGAN_AT.format(1, 0, 0, 0),
    }


def _playback(number: int, user: int) -> Row:
    at = BEGAN_AT.format(1, 0, 0, 0)
    texts = dict.fromkeys(("boot", "wish", "reason"), "")
    values = dict.fromkeys(("engines", "options", "score"), "{}")
    missing = dict.fromkeys(("session_id", "word_error_rate", "chrf"))
    moments = dict.fromkeys(("requested_at", "started_at", "seen_at", "ended_at"), at)
    counts = {"has_own_session": 0, "end_count": 1, "speed": 1.0}
    return {
        "id": _key(number),
        "recording_id": _key(number),
        "user_id": user,
        "mode": "full",
        "state": "finished",
        "position_seconds": 60.0,
        "duration_seconds": 60.0,
        **texts,
        **values,
        **missing,
        **moments,
        **counts,
    }
