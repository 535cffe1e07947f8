"""A playback on a real server, which the client, a signal or a kill ends."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.server.postgres import cluster, find_program
from tests.server.running import Running, environment, manage, running
from tests.server.visitor import Visitor, visitor
from tests.sounds import say, silence

TALK = say("hola mundo") + silence(6)
STEPS = ("pause_playback", "resume_playback", "stop_playback", "new_conversation", "leave")
LAST_WORDS = {"playback_finished", "playback_stopped", "playback_failed"}


async def recorded(server: Running) -> str:
    """Speak, and return the id of what was recorded."""
    async with visitor(server.socket_address) as guest:
        await guest.listen(TALK)
        await guest.say("stop_listening")
        await guest.until("listening_stopped")
        return str(next(m for m in guest.heard if m["type"] == "listening_started")["recording"])


async def rows(data_dir: Path, **choices: str) -> list[Any]:
    query = (
        "import json; from playback_app.models import Playback as P;"
        "rows = P.objects.order_by('requested_at').values_list('state', 'reason', 'end_count');"
        "print(json.dumps(list(rows)))"
    )
    env = environment(data_dir, **choices)
    code, output = await manage("shell", "--verbosity=0", "-c", query, env=env)
    assert code == 0, output
    found: list[Any] = json.loads(output.splitlines()[-1])
    return found


async def play(guest: Visitor, recording: str, **fields: object) -> None:
    await guest.say("start_playback", recording_id=recording, **fields)
    await guest.until("transcript")


def last_words(guest: Visitor) -> list[str]:
    return [m["type"] for m in guest.heard if m["type"] in LAST_WORDS]


async def test_a_signal_stops_it_and_the_client_is_told(data_dir: Path) -> None:
    async with running(data_dir) as server:
        recording = await recorded(server)
        async with visitor(server.socket_address) as guest:
            await play(guest, recording)
            server.signal()
            assert await guest.close_code() == 4012
            assert last_words(guest) == ["playback_stopped"]
        assert await server.ended() == 0
    assert await rows(data_dir) == [["stopped", "session_ended", 1]]


async def test_a_kill_interrupts_it_and_the_next_one_plays(data_dir: Path) -> None:
    async with running(data_dir) as server:
        recording = await recorded(server)
        async with visitor(server.socket_address) as guest:
            await play(guest, recording)
            server.signal(signal.SIGKILL)
            await server.kill()
    async with running(data_dir) as server:
        async with visitor(server.socket_address) as guest:
            await play(guest, recording, speed=0)
            await guest.until("playback_finished")
        server.signal()
        assert await server.ended() == 0
    assert await rows(data_dir) == [["interrupted", "server_lost", 1], ["finished", "", 1]]


async def test_a_dropped_socket_stops_it_and_a_reloaded_tab_plays_again(data_dir: Path) -> None:
    async with running(data_dir) as server:
        recording = await recorded(server)
        for _ in range(2):
            async with visitor(server.socket_address) as guest:
                await play(guest, recording)
        server.signal()
        assert await server.ended() == 0
    assert await rows(data_dir) == [["stopped", "session_ended", 1]] * 2


async def race(data_dir: Path, **choices: Any) -> None:
    """Race every step with every other, on a server of its own; check what is left."""
    async with running(data_dir, **choices) as server:
        recording = await recorded(server)
        for one in STEPS:
            for other in STEPS:
                await _race_two(server, recording, one, other)
        server.signal()
        assert await server.ended() == 0
    ended = await rows(data_dir, **choices)
    # a client that left at once may have gone before anything began
    assert len(ended) <= len(STEPS) ** 2
    assert len(ended) >= (len(STEPS) - 1) ** 2
    assert [row for row in ended if row[0] not in ("stopped", "finished")] == []
    assert {count for _, _, count in ended} == {1}


async def _race_two(server: Running, recording: str, one: str, other: str) -> None:
    async with visitor(server.socket_address) as guest:
        await guest.say("start_playback", recording_id=recording, speed=16)
        for step in (one, other):
            if step == "leave":
                await guest.leave()
                return
            await guest.say(step)
        if "pause_playback" in (one, other):
            await guest.say("stop_playback")
        while not last_words(guest):
            await guest.next()
        assert len(last_words(guest)) == 1


async def test_all_pairs_of_steps_race_on_sqlite(data_dir: Path) -> None:
    await race(data_dir)


@pytest.mark.skipif(find_program("initdb") is None, reason="PostgreSQL is not installed")
async def test_all_pairs_of_steps_race_on_postgresql(tmp_path: Path) -> None:
    async with cluster() as url:
        code, output = await manage("migrate", env=environment(tmp_path, DATABASE_URL=url))
        assert code == 0, output
        await race(tmp_path, DATABASE_URL=url)
