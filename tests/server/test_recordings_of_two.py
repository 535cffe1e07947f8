"""What two processes record: whose it is, who hears it, and who saves it when one has died."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.server.pair import answer, ask, logged, pair
from tests.server.postgres import find_program
from tests.server.running import Running, running
from tests.server.visitor import Visitor, visitor
from tests.sounds import say, silence

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.skipif(find_program("initdb") is None, reason="PostgreSQL is not installed"),
]
SAID = say("hola mundo") + silence(6)
NOTICED_SECONDS = 60.0
"""15 s of silence, a look, and as long again for a machine that is busy."""
SAVED = "of sound salvaged"


async def begin(guest: Visitor) -> str:
    """Say something, go on listening; return the id of the recording."""
    await guest.listen(SAID)
    await guest.until("translation")
    return str(guest.told("listening_started")[0]["recording"])


async def until(is_so: Callable[[], Awaitable[bool]], seconds: float = NOTICED_SECONDS) -> None:
    async with asyncio.timeout(seconds):
        while not await is_so():  # noqa: ASYNC110 -- another process does it, and tells nobody
            await asyncio.sleep(0.1)


async def row(server: Running, recording: str) -> Any:
    return await ask(server, "GET", f"/recordings/{recording}")


def files(directory: Path, recording: str) -> list[str]:
    place = directory / recording[:2] / recording
    return sorted(path.name for path in place.rglob("*") if path.is_file())


async def test_whoever_is_left_saves_what_a_killed_process_recorded_once(
    database: str, tmp_path: Path
) -> None:
    recordings = tmp_path / "recordings"
    (tmp_path / "third").mkdir()
    (tmp_path / "third" / "recordings").symlink_to(recordings, target_is_directory=True)
    async with (
        pair(tmp_path, DATABASE_URL=database) as (one, other),
        running(tmp_path / "third", DATABASE_URL=database) as third,
        visitor(one.socket_address) as guest,
        visitor(other.socket_address) as left,
    ):
        recording, going_on = await begin(guest), await begin(left)
        await until(lambda: is_written(recordings, recording))
        await one.kill()
        assert (await answer(other, "GET", f"/recordings/{recording}/audio"))[0] == 409
        await until(lambda: is_in(other, recording, "salvaged"))
        assert files(recordings, recording) == ["1.wav", "sound.wav"]
        told = await row(third, recording)
        assert (told["has_sound"], round(told["duration_seconds"], 1)) == (True, len(SAID) / 32_000)
        for server in (other, third):
            code, sound = await answer(server, "GET", f"/recordings/{recording}/audio")
            assert (code, sound[44:]) == (200, SAID)
        assert (await answer(third, "DELETE", f"/recordings/{recording}"))[0] == 204
        assert files(recordings, recording) == []
        assert await is_in(third, going_on, "recording")
        await left.say("stop_listening")
        await left.until("listening_stopped")
        await until(lambda: is_in(third, going_on, "complete"))
        assert logged(SAVED, other, third) == 1


async def is_in(server: Running, recording: str, state: str) -> bool:
    return bool((await row(server, recording))["state"] == state)


async def is_written(directory: Path, recording: str) -> bool:
    part = directory / recording[:2] / recording / "sound.wav.part"
    return part.exists() and part.stat().st_size == 44 + len(SAID)
