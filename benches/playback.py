"""The cost of recordings: how fast one is played, in how much memory, and their pages."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from uuid import uuid4

from websockets.asyncio.client import connect

from benches import recordings
from benches.report import Figure, machine, print_table, say
from benches.rows import Row, insert
from benches.serving import FAKES, Server, habla, keep_to_second_core

SHORT_SECONDS, LONG_SECONDS = 120, 7_200
LOOK_SECONDS = 0.5
END_SECONDS = 300.0


async def measure() -> list[Figure]:
    """Return how fast sound is decoded and judged, and how much more a long recording needs."""
    async with habla(FAKES | {"HABLA_DETECTOR": "silero"}) as server:
        await _play(server, SHORT_SECONDS)  # the first one costs more than the others
        took, short = await _play(server, SHORT_SECONDS)
        took_long, long = await _play(server, LONG_SECONDS)
    return [
        Figure("speed 0, decode and detect, 2 minutes", SHORT_SECONDS / took, "x", at_least=100),
        Figure("the same, 2 hours", LONG_SECONDS / took_long, "x", at_least=100),
        Figure("memory of 2 hours beyond that of 2 minutes", long - short, "MB", at_most=20),
    ]


async def _play(server: Server, seconds: int) -> tuple[float, float]:
    """Play noise; return the seconds it took, and the most megabytes the server held."""
    async with connect(f"ws://127.0.0.1:{server.port}/ws/session/") as socket:
        await _until(socket.recv, "ready")  # now the user exists
        recording = await _record(server.database, seconds)
        command = {"type": "start_playback", "recording_id": recording, "speed": 0}
        await socket.send(json.dumps(command))
        await _until(socket.recv, "playback_started")
        began_at = time.perf_counter()
        ending = asyncio.create_task(_until(socket.recv, "playback_finished"))
        most = server.resident_megabytes
        while not ending.done():
            await asyncio.wait({ending}, timeout=LOOK_SECONDS)
            most = max(most, server.resident_megabytes)
        await ending
        return time.perf_counter() - began_at, most


async def _until(receive: Callable[[], Awaitable[str | bytes]], kind: str) -> None:
    async with asyncio.timeout(END_SECONDS):
        while (message := json.loads(await receive()))["type"] != kind:
            if message["type"] in ("error", "playback_failed"):
                raise RuntimeError(message)


async def _record(database: Path, seconds: int) -> str:
    """Store a recording of faint noise, in which nobody speaks, where the server finds it."""
    recording = uuid4()
    place = database.parent / "recordings" / str(recording)[:2] / str(recording)
    place.mkdir(parents=True)
    noise = f"anoisesrc=color=pink:amplitude=0.002:sample_rate=48000:duration={seconds}"
    codec = ["-ac", "1", "-c:a", "libopus", "-b:a", "24k", "-compression_level", "0"]
    process = await asyncio.create_subprocess_exec(
        *("ffmpeg", "-v", "error", "-f", "lavfi", "-i", noise),
        *codec,
        str(place / "sound.webm"),
    )
    if await process.wait():
        raise RuntimeError("ffmpeg failed")
    await asyncio.to_thread(_insert, database, recording.hex, float(seconds))
    return str(recording)


def _insert(database: Path, key: str, seconds: float) -> None:
    with closing(sqlite3.connect(database, timeout=30)) as connection, connection:
        (user,) = connection.execute("SELECT id FROM auth_user").fetchone()
        row: Row = {
            "id": key,
            "user_id": user,
            "title": "",
            "state": "complete",
            "started_at": "2026-01-01 10:00:00",
            "encoding": "webm-opus",
            "sample_rate": 48_000,
            "direction": "es_to_en",
            "mode": "conversation",
            "duration_seconds": seconds,
            "bytes": 1,
            "has_sound": True,
            "is_bookmarked": False,
        }
        insert(connection, "sessions_app_recording", [row])


def main() -> None:
    """Run from the command line."""
    say(machine())
    keep_to_second_core()
    print_table("Playing a recording", asyncio.run(measure()))
    print_table("Pages of recordings", asyncio.run(recordings.measure()))


if __name__ == "__main__":
    main()
