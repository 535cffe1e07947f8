"""Viewers: they get everything that is said, once, and only as long as they may."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User
from django.utils import timezone

from habla_project.asgi import application
from sessions_app.access.authentication import owner
from sessions_app.consumers.sender import Sender
from sessions_app.consumers.viewer_feed import ViewerFeed
from sessions_app.live import publisher
from sessions_app.models import Exchange, WatchTicket
from sessions_app.store import tickets
from sessions_app.store.database.thread import database_thread
from tests.conftest import Connect
from tests.house import PATIENCE_SECONDS, Client, House, eventually
from tests.locked import locked
from tests.sounds import say, silence

WITHDRAWN_SECONDS = 2.0


@pytest.fixture
async def house(house: House) -> AsyncIterator[House]:
    """Return all of Habla, publishing for viewers as a server does."""
    publishing = asyncio.create_task(house.registry.publisher.run(), name="habla publisher")
    yield house
    publishing.cancel()
    await asyncio.wait({publishing})


def the_owner() -> User:
    user = owner()
    assert user is not None
    return user


def session_of(browser: Client) -> Any:
    return browser.told("ready")[0]["session_id"]


async def ticket_for(browser: Client) -> str:
    """Return the secret of a new ticket for the session of ``browser``."""
    issue = sync_to_async(lambda: tickets.issue(the_owner(), session_of(browser))[1])
    return await issue()


async def withdraw_all(browser: Client) -> None:
    def withdraw() -> None:
        for ticket in tickets.tickets_of(the_owner(), session_of(browser)):
            tickets.withdraw(the_owner(), session_of(browser), ticket.pk)

    await sync_to_async(withdraw)()


@asynccontextmanager
async def viewer(secret: str, origin: str = "http://localhost") -> AsyncIterator[Client]:
    headers = [(b"host", b"localhost"), (b"origin", origin.encode())]
    socket = WebsocketCommunicator(application, f"/ws/watch/{secret}/", headers)
    accepted, _ = await socket.connect(PATIENCE_SECONDS)
    assert accepted
    yield (guest := Client(socket))
    await guest.leave()


async def is_published(house: House, browser: Client) -> None:
    """Wait until events of this session reach its viewers at once."""
    session_id = house.registry.sessions[next(iter(house.registry.sessions))].id
    assert str(session_id) == session_of(browser)
    await eventually(lambda: house.registry.publisher.is_watched(session_id))


async def test_a_viewer_reads_what_was_said_before_and_what_is_said_then(
    house: House, connect: Connect
) -> None:
    async with connect() as browser:
        await browser.speak(say("hola mundo") + silence(1))
        async with viewer(await ticket_for(browser)) as guest:
            first = await guest.until("translation")
            assert [message["type"] for message in guest.heard] == ["watching", "translation"]
            assert (first["source"], first["translated"]) == ("hola mundo", "hello world")
            assert first == browser.told("translation")[0]
            await is_published(house, browser)
            await browser.speak(say("la casa es roja") + silence(1))
            await guest.until("translation")
    later = [m for m in guest.heard if m.get("utterance_id") == 2]
    assert later[0]["type"] == "speech_started"
    assert guest.told("partial") == [m for m in browser.told("partial") if m["utterance_id"] == 2]
    assert guest.told("transcript") == browser.told("transcript")[1:]
    assert guest.told("translation") == browser.told("translation")


async def test_what_is_published_before_the_welcome_is_told_after_it(connect: Connect) -> None:
    told: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        told.append(json.loads(message["text"]))

    feed = ViewerFeed(Sender(send, None, lambda: None))
    async with connect() as browser:
        secret = await ticket_for(browser)
        await browser.speak(say("hola mundo") + silence(1))
        for message in browser.told("transcript") + browser.told("translation"):
            await feed.take(json.dumps(message))
        assert feed.has_news.is_set()
        state = await tickets.fetch_ticket_state(secret)
        assert state is not None
        await feed.catch_up(state)
        assert [message["type"] for message in told] == ["watching", "translation"]
        assert told[1]["source"] == "hola mundo"


async def test_what_a_slow_database_said_of_a_ticket_serves_others_too(
    house: House, connect: Connect
) -> None:
    async with connect() as browser:
        secret = await ticket_for(browser)
        held_up = database_thread.begin(partial(time.sleep, publisher.SHARED_SECONDS + 0.2))
        first = await house.registry.publisher.look(secret, is_fresh=True)
        assert held_up.done()
        assert await house.registry.publisher.look(secret, is_fresh=False) is first


async def test_nothing_is_told_twice_and_nothing_is_missing_in_a_stream_of_words(
    house: House, connect: Connect
) -> None:
    async with connect() as browser, asyncio.TaskGroup() as speaking:
        secret = await ticket_for(browser)
        words = (say("hola mundo") + silence(0.9)) * 8
        speaking.create_task(browser.speak(words))
        await asyncio.gather(*(read_all(secret, 8) for _ in range(5)))


async def read_all(secret: str, count: int) -> None:
    async with viewer(secret) as guest:
        while len(guest.told("translation")) < count:
            await guest.until("translation")
    assert [m["utterance_id"] for m in guest.told("translation")] == list(range(1, count + 1))
    words = [m["utterance_id"] for m in guest.told("transcript")]
    assert len(words) == len(set(words))


async def test_a_viewer_hears_how_the_session_ends(connect: Connect) -> None:
    async with connect() as browser:
        await browser.say("text_input", text="gracias")
        secret = await ticket_for(browser)
        async with viewer(secret) as guest:
            await guest.until("translation")
            await browser.leave()
            assert await guest.close_code() == 1000
            assert guest.heard[-1] == {"type": "session_ended", "reason": "client_left"}
        async with viewer(secret) as late:
            assert await late.close_code() == 1000
        assert [m["type"] for m in late.heard] == ["watching", "translation", "session_ended"]


async def test_a_ticket_that_is_withdrawn_sends_its_viewers_away(connect: Connect) -> None:
    async with connect() as browser:
        secret = await ticket_for(browser)
        async with viewer(secret) as guest:
            await guest.until("watching")
            await withdraw_all(browser)
            async with asyncio.timeout(WITHDRAWN_SECONDS):
                assert await guest.close_code() == 4410
            assert guest.problems() == [("ticket_withdrawn", None)]
        async with viewer(secret) as late:
            assert await late.close_code() == 4410
        assert await browser.still_works()


async def test_a_ticket_that_expires_sends_its_viewers_away(connect: Connect) -> None:
    async with connect() as browser:
        async with viewer(await ticket_for(browser)) as guest:
            await guest.until("watching")
            await WatchTicket.objects.aupdate(expires_at=timezone.now())
            async with asyncio.timeout(WITHDRAWN_SECONDS):
                assert await guest.close_code() == 4410
        assert guest.problems() == [("ticket_expired", None)]


async def test_a_ticket_that_nobody_made_opens_nothing(house: House) -> None:
    async with viewer("x" * 43) as guest:
        assert await guest.close_code() == 4410
    assert guest.problems() == [("ticket_unknown", None)]


async def test_a_foreign_page_may_not_watch(connect: Connect) -> None:
    async with connect() as browser:
        async with viewer(await ticket_for(browser), origin="https://evil.example") as guest:
            assert await guest.close_code() == 4403
        assert guest.problems() == [("wrong_origin", None)]


async def test_viewers_may_only_ask_whether_the_server_is_there(connect: Connect) -> None:
    async with connect() as browser:
        async with viewer(await ticket_for(browser)) as guest:
            assert await guest.still_works()
            await guest.say("text_input", text="hola")
            assert (await guest.until("error"))["code"] == "read_only"
            for _ in range(50):
                await guest.send_bytes(b"noise")
            assert await guest.close_code() == 4400
        assert await browser.still_works()
    assert browser.told("translation") == []


async def test_a_session_has_so_many_viewers_and_no_more(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "MOST_VIEWERS", 1)
    async with connect() as browser:
        secret = await ticket_for(browser)
        async with viewer(secret) as guest:
            await guest.until("watching")
            async with viewer(secret) as other:
                assert await other.close_code() == 4013
        async with viewer(secret) as next_one:
            await next_one.until("watching")


async def test_a_broker_that_is_gone_costs_viewers_time_and_sessions_nothing(
    house: House, connect: Connect, settings: Any, free_port: int
) -> None:
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": [f"redis://127.0.0.1:{free_port}"]},
        }
    }
    async with connect() as browser:
        async with viewer(await ticket_for(browser)) as guest:
            await guest.until("watching")
            await is_published(house, browser)
            await browser.speak((say("hola mundo") + silence(1)) * 2)
            await guest.until("translation")
            await guest.until("translation")
        assert guest.told("translation") == browser.told("translation")
    assert house.registry.publisher.dropped > 0


async def test_a_viewer_is_told_once_that_what_came_before_it_was_kept_is_kept(
    house: House, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    async with connect() as browser, viewer(await ticket_for(browser)) as guest:
        await guest.until("watching")
        await is_published(house, browser)
        async with locked():
            await browser.say("text_input", text="hola")
            assert (await browser.until("translation"))["stored"] is False
            told = await guest.until("translation")
            assert (told["stored"], told["exchange_id"]) == (False, None)
        exchange = (await browser.until("stored"))["exchange_id"]
        assert (await guest.until("stored"))["exchange_id"] == exchange
        await browser.say("text_input", text="mundo")
        await guest.until("translation", source="mundo")
        assert len(guest.told("stored")) == 1
    assert (await Exchange.objects.aget(source="hola")).pk == exchange
    caplog.clear()  # the outage of the database is an error in the log
