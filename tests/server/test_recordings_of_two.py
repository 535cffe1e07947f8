"""Recordings of two processes: whose they are, who can play them, who recovers a dead one's."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.server.pair import answer, ask, id_of, logged, pair, record
from tests.server.postgres import find_program
from tests.server.running import Running, environment, manage, running
from tests.server.visitor import Visitor, visitor
from tests.sounds import say, silence

pytestmark = pytest.mark.skipif(
    find_program("initdb") is None, reason="PostgreSQL is not installed"
)
SAID = say("hola mundo") + silence(6)
NOTICED_SECONDS = 60.0
"""15 s of silence, a look, and twice that on a busy machine."""
SAVED = "of sound recovered"


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


async def test_with_directories_of_their_own_each_answers_truly_and_deletes_its_own(
    database: str, tmp_path: Path
) -> None:
    async with pair(tmp_path, is_shared=False, DATABASE_URL=database) as (one, other):
        lying = tmp_path / "one" / "recordings"
        async with visitor(one.socket_address) as guest:
            first, second, third = [await record(guest) for _ in range(3)]
            for server, status in ((one, 200), (other, 503)):
                code, body = await answer(server, "GET", f"/recordings/{first}/audio")
                assert code == status
            assert json.loads(body)["code"] == "kept_elsewhere"
            await plays_where_it_lies(one, other, guest, first)
        assert (await answer(other, "DELETE", f"/recordings/{first}"))[0] == 204
        assert files(lying, first) == []
        left = files(lying, second), files(lying, third)
        assert [len(each) for each in left] == [2, 2]
        await one.kill()
        assert (await answer(other, "DELETE", f"/recordings/{second}"))[0] == 202
        assert (await answer(other, "GET", f"/recordings/{second}"))[0] == 404
        code, body = await answer(other, "GET", f"/recordings/{third}/audio")
        assert (code, json.loads(body)["code"]) == (503, "kept_elsewhere")
        assert (await ask(other, "GET", "/status"))["deletions_waiting"] == 1
        _, output = await manage(
            "status", env=environment(tmp_path / "other", DATABASE_URL=database)
        )
        assert "The files of 1 deleted recordings wait for another server." in output
        assert files(lying, second) == left[0]
        async with running(tmp_path / "one", DATABASE_URL=database, has_engines=False) as again:
            await until(lambda: has_none(lying, second))
            await until(lambda: waits_for_none(other))
            assert (await answer(again, "GET", f"/recordings/{third}/audio"))[0] == 200
            for server in (again, other):
                server.signal()
                assert await server.ended() == 0
        assert files(lying, third) == left[1]


async def plays_where_it_lies(one: Running, other: Running, guest: Visitor, lying: str) -> None:
    """Ask the process without the sound to play it: into a session of either, or alone."""
    code, body = await answer(
        other, "POST", "/playbacks", recording_id=lying, session_id=id_of(guest), speed=0
    )
    assert (code, json.loads(body)["state"]) in ((201, "playing"), (201, "finished"))
    await guest.until("playback_finished")
    for _ in range(3):  # whichever process looks first
        alone = await ask(other, "POST", "/playbacks", recording_id=lying, speed=0)
        await until(lambda alone=alone: has_finished(other, alone["id"]))  # type: ignore[misc]
    async with visitor(other.socket_address) as stranger:
        for server in (one, other):
            asked = {"recording_id": lying, "session_id": id_of(stranger)}
            code, body = await answer(server, "POST", "/playbacks", **asked)
            assert (code, json.loads(body)["code"]) == (422, "not_playable")
        await stranger.say("start_playback", recording_id=lying)
        assert (await stranger.until("error"))["code"] == "not_playable"


async def has_finished(server: Running, playback: str) -> bool:
    return bool((await ask(server, "GET", f"/playbacks/{playback}"))["state"] == "finished")


async def has_none(directory: Path, recording: str) -> bool:
    return files(directory, recording) == []


async def waits_for_none(server: Running) -> bool:
    return bool((await ask(server, "GET", "/status"))["deletions_waiting"] == 0)
