"""Viewers at another process than the session's: with Redis, and without it."""

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.rawclient import raw_client
from tests.server.caller import Caller
from tests.server.postgres import cluster, find_program
from tests.server.redis import PROGRAM, Redis, redis
from tests.server.running import Running, environment, manage, running
from tests.server.visitor import Visitor, visitor
from tests.sounds import say, silence

LOOK_UP_SECONDS = 10.0
"""How long until a process knows which sessions have viewers, and Redis who they are."""
CUT_SECONDS = 10.0
"""How long a viewer who does not read may stay, with all that is in buffers."""
SAY_MUCH = (
    "from sessions_app.models import Exchange, TranslationSession as S; s = S.objects.get();"
    "Exchange.objects.bulk_create(Exchange(session=s, conversation=s.conversation,"
    " utterance_id=1000 + n, source='hola ' * 12_000, language='es', direction='es_to_en')"
    " for n in range(300))"
)
"""Stores 18 MB of words in the only session."""


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Redis]:
    if PROGRAM is None:
        pytest.skip("redis-server is not installed")
    async with redis(tmp_path) as server:
        yield server


@pytest.fixture
async def pair(data_dir: Path, tmp_path: Path, broker: Redis) -> AsyncIterator[list[Running]]:
    """Return two servers with one database and one Redis."""
    url, broker_url = f"sqlite:///{data_dir / 'habla.sqlite3'}", broker.url
    (tmp_path / "other").mkdir()
    async with (
        running(data_dir, DATABASE_URL=url, REDIS_URL=broker_url) as one,
        running(tmp_path / "other", DATABASE_URL=url, REDIS_URL=broker_url) as other,
    ):
        yield [one, other]


async def ask(method: str, address: str) -> Any:
    """Return the JSON answer of a REST route; None if it is empty."""
    return await asyncio.to_thread(_ask, method, address)


def _ask(method: str, address: str) -> Any:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(address, method=method), timeout=10) as response:
        body = response.read()
    return json.loads(body) if body else None


async def ticket_of(guest: Visitor, server: Running) -> tuple[str, str]:
    """Return the address at which a new ticket of the session is withdrawn, and its page's path."""
    tickets = f"{server.address}/api/sessions/{guest.told('ready')[0]['session_id']}/tickets"
    ticket = await ask("POST", tickets)
    return f"{tickets}/{ticket['id']}", ticket["address"].removeprefix(server.address)


def to_viewers(guest: Visitor, kind: str) -> list[dict[str, Any]]:
    """Return what viewers get in place of the messages of one kind that ``guest`` got."""
    session_id = guest.told("ready")[0]["session_id"]
    return [{**message, "session_id": session_id} for message in guest.told(kind)]


def continuing(server: Running, guest: Visitor) -> str:
    """Return the address at which the conversation of ``guest`` is continued."""
    return f"{server.socket_address}?conversation={guest.told('ready')[0]['conversation_id']}"


async def count_viewers(guest: Visitor, count: int) -> None:
    """Wait until ``guest`` is told that so many read along."""
    while (await guest.until("viewers"))["count"] != count:
        pass


def socket_of(server: Running, page: str) -> str:
    return f"{server.address.replace('http', 'ws')}/ws{page}"


async def hear_at_once(speaker: Visitor, viewer: Visitor) -> None:
    """Talk until the viewer gets it by Redis: transcripts come in no other way."""
    async with asyncio.timeout(LOOK_UP_SECONDS):
        while not viewer.told("transcript"):
            await speaker.type_and_hear("hola")
            await viewer.until("translation")
    speaker.heard[:] = speaker.told("ready")
    viewer.heard.clear()


async def test_a_viewer_at_another_process_follows_through_redis(pair: list[Running]) -> None:
    one, other = pair
    async with AsyncExitStack() as guests:
        speaker = await guests.enter_async_context(visitor(one.socket_address))
        await speaker.type_and_hear("gracias")
        withdrawal, page = await ticket_of(speaker, other)
        socket = visitor(socket_of(other, page), is_ready=False)
        viewer = await guests.enter_async_context(socket)
        assert (await viewer.until("translation"))["translated"] == "thanks"
        await hear_at_once(speaker, viewer)
        await speaker.listen(say("hola mundo la casa es roja") + silence(1))
        await viewer.until("translation")
        await speaker.until("translation")
        assert viewer.told("translation") == to_viewers(speaker, "translation")
        assert viewer.told("transcript") == to_viewers(speaker, "transcript")
        assert viewer.told("partial") == to_viewers(speaker, "partial") != []
        await ask("DELETE", withdrawal)
        async with asyncio.timeout(2):
            assert await viewer.close_code() == 4410
        await speaker.type_and_hear("hola")


async def test_a_redis_that_dies_and_comes_back_ends_nothing_and_loses_no_translation(
    pair: list[Running], broker: Redis
) -> None:
    one, other = pair
    async with AsyncExitStack() as guests:
        speaker = await guests.enter_async_context(visitor(one.socket_address))
        _, page = await ticket_of(speaker, one)
        socket = visitor(socket_of(other, page), is_ready=False)
        viewer = await guests.enter_async_context(socket)
        await hear_at_once(speaker, viewer)
        await broker.stop()
        for text in ("hola", "gracias"):
            await speaker.type_and_hear(text)
            assert (await viewer.until("translation"))["source"] == text
        await broker.start()
        assert viewer.told("translation") == to_viewers(speaker, "translation")
        assert speaker.told("error") == viewer.told("error") == []
        await hear_at_once(speaker, viewer)


async def test_viewers_of_a_server_that_quits_are_told_and_do_not_hold_it_up(
    pair: list[Running],
) -> None:
    one, other = pair
    async with AsyncExitStack() as guests:
        speaker = await guests.enter_async_context(visitor(one.socket_address))
        _, page = await ticket_of(speaker, one)
        viewers = [
            await guests.enter_async_context(visitor(socket_of(server, page), is_ready=False))
            for server in pair
        ]
        for viewer in viewers:
            await viewer.until("watching")
        other.signal()
        assert await viewers[1].close_code() == 4012
        assert await other.ended() == 0
        one.signal()
        assert await viewers[0].close_code() == 4012
        paused, refusal = viewers[0].heard[-2:]
        assert (paused["type"], paused["reason"]) == ("session_paused", "server_quits")
        assert (refusal["type"], refusal["code"]) == ("error", "server_quits")
        assert await one.ended() == 0


async def test_whoever_speaks_is_told_how_many_read_along_through_all_processes(
    pair: list[Running],
) -> None:
    one, other = pair
    async with AsyncExitStack() as guests:
        speaker = await guests.enter_async_context(visitor(one.socket_address))
        _, page = await ticket_of(speaker, one)
        for count, server in enumerate((other, one, other), start=1):
            await guests.enter_async_context(visitor(socket_of(server, page), is_ready=False))
            await count_viewers(speaker, count)
        await other.kill()
        await count_viewers(speaker, 1)


@pytest.mark.parametrize("how", ["quit", "kill"])
async def test_a_ticket_stays_good_over_a_restart_of_the_server(how: str, data_dir: Path) -> None:
    async with AsyncExitStack() as guests:
        async with running(data_dir) as server:
            speaker = await guests.enter_async_context(visitor(server.socket_address))
            withdrawal, page = await ticket_of(speaker, server)
            await speaker.type_and_hear("gracias")
            socket = visitor(socket_of(server, page), is_ready=False)
            viewer = await guests.enter_async_context(socket)
            await viewer.until("translation")
            if how == "kill":
                await server.kill()
            else:
                server.signal()
                assert await viewer.close_code() == 4012
                assert await server.ended() == 0
        async with running(data_dir) as server:
            socket = visitor(socket_of(server, page), is_ready=False)
            viewer = await guests.enter_async_context(socket)
            paused = await viewer.until("session_paused")
            assert paused["reason"] == {"quit": "server_quits", "kill": "server_lost"}[how]
            again = await guests.enter_async_context(visitor(continuing(server, speaker)))
            resumed = await viewer.until("session_resumed")
            assert resumed["session_id"] == again.told("ready")[0]["session_id"]
            await count_viewers(again, 1)
            await hear_at_once(again, viewer)
            assert viewer.told("error") == []
            await ask("DELETE", f"{server.address}/api/{withdrawal.partition('/api/')[2]}")
            assert await viewer.close_code() == 4410


async def test_a_session_that_goes_on_in_the_next_process_is_read_along_there(
    data_dir: Path,
) -> None:
    sound = say("hola mundo") + silence(1) + say("la casa es roja") + silence(1)
    half = len(say("hola mundo") + silence(1) + say("la casa"))
    caller = Caller()
    async with AsyncExitStack() as guests:
        async with running(data_dir) as server:
            greeting = await caller.call(server)
            tickets = f"{server.address}/api/sessions/{greeting['session_id']}/tickets"
            page = (await ask("POST", tickets))["address"].removeprefix(server.address)
            socket = visitor(socket_of(server, page), is_ready=False)
            viewer = await guests.enter_async_context(socket)
            await viewer.until("watching")
            await caller.say("start_listening", encoding="pcm-s16le", command=1)
            await caller.socket.send(sound[:half])
            await viewer.until("translation")
            server.signal()
            assert await viewer.close_code() == 4012
            assert viewer.told("session_paused")[-1]["reason"] == "server_quits"
            assert await server.ended() == 0
        async with running(data_dir) as server:
            socket = visitor(socket_of(server, page), is_ready=False)
            viewer = await guests.enter_async_context(socket)
            watching = await viewer.until("watching")
            assert (watching["session_id"], watching["is_live"]) == (greeting["session_id"], False)
            await viewer.until("session_paused")
            resumed = await caller.call(server)
            assert (resumed["type"], resumed["session_id"]) == ("resumed", greeting["session_id"])
            again = await viewer.until("session_resumed")
            assert again["session_id"] == greeting["session_id"]
            await caller.socket.send(sound[resumed["bytes"] :])
            await viewer.until("translation")
            await caller.say("leave")
            await viewer.until("session_paused")
    told = [(m["source"], m["session_id"]) for m in viewer.told("translation")]
    session_id = greeting["session_id"]
    assert told == [("hola mundo", session_id), ("la casa es roja", session_id)]


async def test_a_viewer_that_does_not_read_is_cut_off_and_nobody_else_notices(
    data_dir: Path,
) -> None:
    async with running(data_dir) as server, visitor(server.socket_address) as speaker:
        _, page = await ticket_of(speaker, server)
        code, output = await manage("shell", "-c", SAY_MUCH, env=environment(data_dir))
        assert code == 0, output
        async with raw_client(socket_of(server, page)):
            await speaker.type_and_hear("gracias")
            async with asyncio.timeout(CUT_SECONDS):
                while "a client that did not read" not in server.log:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        async with visitor(socket_of(server, page), is_ready=False) as viewer:
            while len(viewer.told("translation")) < 301:
                await viewer.until("translation")
        await speaker.type_and_hear("hola")
        server.signal()
        assert await server.ended() == 0


@pytest.mark.skipif(find_program("initdb") is None, reason="PostgreSQL is not installed")
async def test_a_viewer_follows_from_process_to_process_on_postgresql_too(
    tmp_path: Path, broker: Redis
) -> None:
    async with AsyncExitStack() as house:
        url = await house.enter_async_context(cluster())
        code, output = await manage("migrate", env=environment(tmp_path, DATABASE_URL=url))
        assert code == 0, output
        servers = []
        for name in ("one", "other"):
            (tmp_path / name).mkdir()
            serving = running(tmp_path / name, DATABASE_URL=url, REDIS_URL=broker.url)
            servers.append(await house.enter_async_context(serving))
        speaker = await house.enter_async_context(visitor(servers[0].socket_address))
        withdrawal, page = await ticket_of(speaker, servers[1])
        socket = visitor(socket_of(servers[1], page), is_ready=False)
        viewer = await house.enter_async_context(socket)
        await hear_at_once(speaker, viewer)
        await speaker.listen(say("hola mundo") + silence(1))
        await speaker.until("translation")
        await viewer.until("translation")
        assert viewer.told("translation") == to_viewers(speaker, "translation")
        await count_viewers(speaker, 1)
        again = await house.enter_async_context(visitor(continuing(servers[1], speaker)))
        await viewer.until("session_resumed")
        await speaker.leave()
        await viewer.until("session_paused")
        await hear_at_once(again, viewer)
        await again.say("new_conversation")
        assert await viewer.close_code() == 1000
        withdrawal, page = await ticket_of(again, servers[0])
        other = visitor(socket_of(servers[0], page), is_ready=False)
        viewer = await house.enter_async_context(other)
        await count_viewers(again, 1)
        await ask("DELETE", withdrawal)
        assert await viewer.close_code() == 4410
