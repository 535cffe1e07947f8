"""Two servers on one PostgreSQL, with Redis and without: each shows and controls all sessions."""

import asyncio
import json
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.server.pair import ask, id_of, logged, pair, record, state, status
from tests.server.postgres import find_program
from tests.server.redis import PROGRAM, Redis
from tests.server.running import Running, environment, manage, running
from tests.server.visitor import visitor

pytestmark = pytest.mark.skipif(
    find_program("initdb") is None, reason="PostgreSQL is not installed"
)
needs_redis = pytest.mark.skipif(PROGRAM is None, reason="redis-server is not installed")
WITH_REDIS_SECONDS = 1.0
WITHOUT_REDIS_SECONDS = 2.0
AT_ONCE_SECONDS = 0.5
"""Each step would take a second if it waited for a look."""
HEARD_AGAIN_SECONDS = 40.0
"""How long until a Redis that came back is used again: 10 s, and what is in progress."""
LOST_SECONDS = 16.0
"""A server is silent for 15 s at most, and a look later it counts as dead."""
LOST = "sessions of a server that died are marked as lost"
INTERRUPTED = "playbacks of a server that died are marked as interrupted"


async def steer(one: Running, other: Running, limit: float) -> float:
    """Play into a session of ``one`` and end it by asking ``other``, each within ``limit`` s.

    Return how long half of the steps took at most, in seconds.
    """
    took = []

    @contextmanager
    def timed() -> Iterator[None]:
        began = time.monotonic()
        yield
        took.append(time.monotonic() - began)

    async with visitor(one.socket_address) as guest:
        asked = {"recording_id": await record(guest), "session_id": id_of(guest)}
        for _ in range(2):
            with timed():
                playback = await ask(other, "POST", "/playbacks", **asked)
                await guest.until("playback_started")
            for step, told in (("pause", "paused"), ("resume", "resumed"), ("stop", "stopped")):
                with timed():
                    await ask(other, "POST", f"/playbacks/{playback['id']}/{step}")
                    await guest.until(f"playback_{told}")
        with timed():
            await ask(other, "DELETE", f"/sessions/{id_of(guest)}/live")
            assert await guest.close_code() == 1000
    assert [each for each in took if each >= limit] == []
    return statistics.median(took)


async def sessions(database: str, tmp_path: Path) -> list[list[Any]]:
    query = (
        "import json; from sessions_app.models import TranslationSession as S;"
        "rows = S.objects.order_by('started_at').values_list('state', 'reason', 'close_count');"
        "print(json.dumps(list(rows)))"
    )
    env = environment(tmp_path, DATABASE_URL=database)
    code, output = await manage("shell", "--verbosity=0", "-c", query, env=env)
    assert code == 0, output
    found: list[list[Any]] = json.loads(output.splitlines()[-1])
    return found


@needs_redis
@pytest.mark.alone
async def test_each_steers_what_the_other_has_within_a_second_by_redis(
    database: str, broker: Redis, tmp_path: Path
) -> None:
    async with pair(tmp_path, DATABASE_URL=database, REDIS_URL=broker.url) as (one, other):
        for asked, owner in ((other, one), (one, other)):
            assert await steer(owner, asked, WITH_REDIS_SECONDS) < AT_ONCE_SECONDS


@pytest.mark.long
async def test_each_steers_what_the_other_has_within_two_seconds_without_redis(
    database: str, tmp_path: Path
) -> None:
    async with pair(tmp_path, DATABASE_URL=database) as (one, other):
        await steer(one, other, WITHOUT_REDIS_SECONDS)


@needs_redis
@pytest.mark.long
async def test_live_sessions_do_not_notice_a_redis_that_goes_and_comes_back_and_steering_goes_on(
    database: str, broker: Redis, tmp_path: Path
) -> None:
    async with pair(tmp_path, DATABASE_URL=database, REDIS_URL=broker.url) as (one, other):
        async with visitor(one.socket_address) as guest:
            await broker.stop()
            await guest.type_and_hear("hola")
            await steer(one, other, WITHOUT_REDIS_SECONDS)
            await guest.type_and_hear("gracias")
            await broker.start()
            async with asyncio.timeout(HEARD_AGAIN_SECONDS):
                while await steer(one, other, WITHOUT_REDIS_SECONDS) >= AT_ONCE_SECONDS:
                    pass
            assert guest.told("error") == []
        for server in (one, other):
            server.signal()
            assert await server.ended() == 0


async def test_each_tells_of_both_itself_first(database: str, tmp_path: Path) -> None:
    async with (
        pair(tmp_path, DATABASE_URL=database) as (one, other),
        visitor(one.socket_address) as guest,
    ):
        told = (await status(other))["servers"]
        assert [server["address"] for server in told] == [other.address, one.address]
        assert [server["pid"] for server in told] == [other.pid, one.pid]
        assert [[s["id"] for s in server["sessions"]] for server in told] == [[], [id_of(guest)]]
        other.signal()
        assert await other.ended() == 0
        assert len((await status(one))["servers"]) == 1


async def test_commands_tell_of_both_and_end_both(database: str, tmp_path: Path) -> None:
    async with (
        pair(tmp_path, DATABASE_URL=database) as (one, other),
        visitor(other.socket_address) as guest,
    ):
        env = environment(tmp_path / "one", DATABASE_URL=database)
        code, output = await manage("status", env=env)
        assert code == 0
        assert f"Another is serving at {other.address}, process {other.pid}" in output
        assert id_of(guest) in output
        _, output = await manage("status", "--json", env=env)
        told = json.loads(output)["servers"]
        assert [server["address"] for server in told] == [one.address, other.address]
        code, output = await manage("quit", env=env)
        assert code == 0
        for line in (f"{one.address}: 0 sessions", f"{other.address}: 1 sessions", "has ended"):
            assert line in output
        assert await guest.close_code() == 4012
        assert (await one.ended(), await other.ended()) == (0, 0)
        assert (await manage("quit", env=env))[0] == 3


async def test_a_killed_server_is_noticed_and_its_sessions_are_lost_once(
    database: str, tmp_path: Path
) -> None:
    (tmp_path / "third").mkdir()
    async with (
        pair(tmp_path, DATABASE_URL=database) as (one, other),
        running(tmp_path / "third", DATABASE_URL=database) as third,
    ):
        async with visitor(one.socket_address) as guest, visitor(other.socket_address) as left:
            session_id = id_of(guest)
            await guest.say("start_playback", recording_id=await record(guest))
            await guest.until("playback_started")
            await one.kill()
            async with asyncio.timeout(LOST_SECONDS + 1):
                while await state(other, session_id) == "open":  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            await left.type_and_hear("hola")
        async with asyncio.timeout(LOST_SECONDS + 5):
            while len((await status(other))["servers"]) > 2:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            while logged(LOST, other, third) + logged(INTERRUPTED, other, third) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        for what in (LOST, INTERRUPTED, "has died"):
            assert logged(what, other, third) == 1
        for server in (other, third):
            server.signal()
            assert await server.ended() == 0
    assert await sessions(database, tmp_path) == [
        ["lost", "server_lost", 1],
        ["closed", "client_left", 1],
    ]
