"""Viewers: they get everything that is said, once, and only as long as they may."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID

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
from sessions_app.models import (
    Conversation,
    Exchange,
    SessionState,
    TranslationSession,
    WatchTicket,
)
from sessions_app.store import tickets
from sessions_app.store.database.thread import database_thread
from sessions_app.store.history import delete_conversation
from tests.conftest import Connect
from tests.house import Client, House, eventually
from tests.locked import locked
from tests.patience import PATIENCE_SECONDS
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
async def viewer(
    secret: str, origin: str = "http://localhost", language: str = "en"
) -> AsyncIterator[Client]:
    sent = {"host": "localhost", "origin": origin, "accept-language": language}
    headers = [(name.encode(), value.encode()) for name, value in sent.items()]
    socket = WebsocketCommunicator(application, f"/ws/watch/{secret}/", headers)
    accepted, _ = await socket.connect(PATIENCE_SECONDS)
    assert accepted
    yield (guest := Client(socket))
    await guest.leave()


def conversation_of(browser: Client) -> Any:
    return browser.told("ready")[0]["conversation_id"]


def to_viewers(browser: Client, kind: str) -> list[dict[str, Any]]:
    """Return what viewers get in place of the messages of one kind that ``browser`` got."""
    return [{**message, "session_id": session_of(browser)} for message in browser.told(kind)]


async def is_published(house: House, browser: Client) -> None:
    """Wait until what is said in this session reaches its viewers at once."""
    conversation_id = UUID(conversation_of(browser))
    await eventually(lambda: house.registry.publisher.is_watched(conversation_id))


async def test_a_viewer_reads_what_was_said_before_and_what_is_said_then(
    house: House, connect: Connect
) -> None:
    async with connect() as browser:
        await browser.speak(say("hola mundo") + silence(1))
        async with viewer(await ticket_for(browser)) as guest:
            first = await guest.until("translation")
            assert [message["type"] for message in guest.heard] == ["watching", "translation"]
            assert (first["source"], first["translated"]) == ("hola mundo", "hello world")
            assert first == to_viewers(browser, "translation")[0]
            await is_published(house, browser)
            await browser.speak(say("la casa es roja") + silence(1))
            await guest.until("translation")
    later = [m for m in guest.heard if m.get("utterance_id") == 2]
    assert later[0]["type"] == "speech_started"
    partials = to_viewers(browser, "partial")
    assert guest.told("partial") == [m for m in partials if m["utterance_id"] == 2]
    assert guest.told("transcript") == to_viewers(browser, "transcript")[1:]
    assert guest.told("translation") == to_viewers(browser, "translation")


async def test_what_is_published_before_the_welcome_is_told_after_it(connect: Connect) -> None:
    told: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        told.append(json.loads(message["text"]))

    feed = ViewerFeed(Sender(send, None, lambda: None))
    async with connect() as browser:
        secret = await ticket_for(browser)
        await browser.speak(say("hola mundo") + silence(1))
        for message in browser.told("transcript") + browser.told("translation"):
            await feed.take({"session_id": session_of(browser), "text": json.dumps(message)})
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


async def test_a_viewer_waits_when_the_session_ends_and_goes_on_with_the_next(
    house: House, connect: Connect
) -> None:
    async with connect() as browser:
        secret = await ticket_for(browser)
        await browser.speak(say("hola mundo") + silence(1))
        async with viewer(secret) as guest:
            await guest.until("translation")
            await browser.leave(1006)
            paused = await guest.until("session_paused")
            assert paused == {
                "type": "session_paused",
                "session_id": session_of(browser),
                "reason": "connection_lost",
            }
            async with viewer(secret) as late:
                await late.until("session_paused")
                told = [m["type"] for m in late.heard]
                assert told == ["watching", "translation", "session_paused"]
                assert late.told("watching")[0]["session_id"] == session_of(browser)
                conversation = conversation_of(browser)
                async with connect(conversation=conversation, direction="auto") as again:
                    for each in (guest, late):
                        assert await each.until("session_resumed") == {
                            "type": "session_resumed",
                            "session_id": session_of(again),
                            "direction": "auto",
                            "mode": "conversation",
                        }
                    await is_published(house, again)
                    await again.speak(say("la casa es roja") + silence(1))
                    for each in (guest, late):
                        await each.until("translation", source="la casa es roja")
                for each in (guest, late):
                    await each.until("session_paused", session_id=session_of(again))
    said = to_viewers(browser, "translation") + to_viewers(again, "translation")
    assert [m["utterance_id"] for m in said] == [1, 1]
    for each in (guest, late):
        assert each.told("translation") == said
        assert each.told("transcript") == to_viewers(again, "transcript")
        assert each.told("watching")[0]["conversation_id"] == conversation
        assert each.told("session_ended") == []


async def test_a_session_that_takes_over_at_once_is_told_too(connect: Connect) -> None:
    async with connect() as browser, viewer(await ticket_for(browser)) as guest:
        await guest.until("watching")
        async with connect(conversation=conversation_of(browser)) as again:
            await guest.until("session_resumed", session_id=session_of(again))
            for each, text in ((browser, "hola"), (again, "mundo"), (browser, "gracias")):
                await each.say("text_input", text=text)
                told = await guest.until("translation")
                assert (told["source"], told["session_id"]) == (text, session_of(each))
            await browser.leave()
            await guest.until("session_paused", session_id=session_of(browser))
            await again.say("text_input", text="agua")
            await guest.until("translation")
        await guest.until("session_paused", session_id=session_of(again))
    assert len(guest.told("session_paused")) == 2


async def test_a_new_conversation_is_not_read_along(house: House, connect: Connect) -> None:
    await house.restart(transcriber={"delay_seconds": 0.2}, translator={"delay_seconds": 0.2})
    async with connect() as browser:
        secret = await ticket_for(browser)
        async with viewer(secret) as guest:
            await guest.until("watching")
            await is_published(house, browser)
            await browser.say("start_listening", encoding="pcm-s16le")
            await browser.send_sound(say("hola mundo"))
            await browser.say("text_input", text="gracias")
            await browser.say("new_conversation")
            await browser.say("text_input", text="agua")
            assert await guest.close_code() == 1000
            await browser.until("translation", source="agua")
        assert sorted(m["source"] for m in guest.told("translation")) == ["gracias", "hola mundo"]
        assert guest.heard[-1] == {"type": "session_ended", "reason": "new_conversation"}
        assert guest.told("error") == []
        async with viewer(secret) as late:
            assert await late.close_code() == 4410
        assert late.problems() == [("ticket_ended", None)]
        assert late.told("translation") == []
        async with viewer(await ticket_for(browser)) as reader:
            first = await reader.until("translation")
            assert (first["source"], first["session_id"]) == ("agua", session_of(browser))


async def test_a_new_conversation_during_an_outage_ends_the_old_ones_tickets_after_it(
    house: House, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    async with connect() as browser, viewer(await ticket_for(browser)) as guest:
        await guest.until("watching")
        async with locked():
            await browser.say("text_input", text="gracias")
            await browser.until("translation")
            await browser.say("new_conversation")
            await browser.say("text_input", text="agua")
            await browser.until("translation", source="agua")
        assert await guest.close_code() == 1000
        assert {m["source"] for m in guest.told("translation")} == {"gracias"}
        assert guest.heard[-1] == {"type": "session_ended", "reason": "new_conversation"}
    caplog.clear()  # the outage of the database is an error in the log


async def test_whoever_speaks_is_told_how_many_read_along(house: House, connect: Connect) -> None:
    async with connect() as browser:
        secret = await ticket_for(browser)
        await browser.until("viewers", count=0)
        async with viewer(secret) as guest:
            await browser.until("viewers", count=1)
            async with viewer(await ticket_for(browser)) as other:
                await browser.until("viewers", count=2)
                ticket_ids = [str(ticket.pk) async for ticket in WatchTicket.objects.all()]
                by_ticket = {conversation_of(browser): 2, **dict.fromkeys(ticket_ids, 1)}
                assert house.registry.publisher.viewers == by_ticket
                async with connect(conversation=conversation_of(browser)) as again:
                    await again.until("viewers", count=2)
                await other.until("session_paused")
            await browser.until("viewers", count=1)
            await withdraw_all(browser)
            assert await guest.close_code() == 4410
        await browser.until("viewers", count=0)


async def test_who_has_missed_how_many_read_along_is_told_again(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "TELL_SECONDS", 0.5)
    async with connect() as browser, viewer(await ticket_for(browser)):
        for _ in range(2):
            await browser.until("viewers", count=1)


async def test_of_what_nobody_may_read_nobody_is_told_that_nobody_does(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "TELL_SECONDS", 0.5)
    async with connect() as shared, connect() as browser:
        await ticket_for(shared)
        for _ in range(2):
            await shared.until("viewers")
        assert await browser.still_works()
    assert browser.told("viewers") == []


async def test_deleting_the_conversation_sends_its_viewers_away(connect: Connect) -> None:
    async with connect() as browser:
        await browser.say("text_input", text="hola")
        await browser.until("translation")
        async with viewer(await ticket_for(browser)) as guest:
            await guest.until("translation")
            await browser.leave()
            await guest.until("session_paused")
            conversation_id = UUID(conversation_of(browser))
            delete = sync_to_async(lambda: delete_conversation(the_owner(), conversation_id))
            await delete()
            async with asyncio.timeout(WITHDRAWN_SECONDS):
                assert await guest.close_code() == 4410
        assert guest.problems() == [("ticket_unknown", None)]


async def test_a_ticket_is_withdrawn_and_expires_while_nobody_speaks(connect: Connect) -> None:
    async with connect() as browser:
        secrets = [await ticket_for(browser) for _ in range(2)]
    async with viewer(secrets[0]) as first, viewer(secrets[1]) as second:
        for guest in (first, second):
            await guest.until("session_paused")
        hashed = sha256(secrets[0].encode()).hexdigest()
        await WatchTicket.objects.filter(secret_hash=hashed).aupdate(expires_at=timezone.now())
        assert await first.close_code() == 4410
        await withdraw_all(browser)
        assert await second.close_code() == 4410
    assert first.problems() == [("ticket_expired", None)]
    assert second.problems() == [("ticket_withdrawn", None)]


async def test_viewers_stay_while_the_client_of_a_session_is_away(
    house: House, connect: Connect
) -> None:
    async with connect(resumable="1") as browser:
        secret = await ticket_for(browser)
        async with viewer(secret) as guest:
            await guest.until("watching", is_live=True)
            await is_published(house, browser)
            await browser.say("start_listening", encoding="pcm-s16le")
            await browser.send_sound(say("hola mundo") + silence(1))
            await browser.until("listening_started")
            await browser.leave(1006)
            await guest.until("translation", source="hola mundo")
            ticket = browser.told("ready")[0]["resume"]["ticket"]
            async with connect(resume=ticket, seen="0", is_ready=False) as again:
                await again.until("resumed")
                await again.until("viewers", count=1)
                await again.send_sound(say("la casa es roja") + silence(1))
                await guest.until("translation", source="la casa es roja")
                await again.say("leave")
                await guest.until("session_paused", reason="client_left")
    assert [m["utterance_id"] for m in guest.told("translation")] == [1, 2]
    assert guest.told("session_resumed") == []


async def test_a_session_that_another_process_goes_on_with_is_told_as_handed_over(
    connect: Connect,
) -> None:
    async with connect() as browser, viewer(await ticket_for(browser)) as guest:
        await guest.until("watching")
        await TranslationSession.objects.aupdate(boot="another-1")
        paused = await guest.until("session_paused")
        assert (paused["session_id"], paused["reason"]) == (session_of(browser), "handed_over")
        await guest.until("session_resumed", session_id=session_of(browser))
    # the row is the other process's, which closes it
    await TranslationSession.objects.aupdate(state=SessionState.CLOSED, close_count=1)


async def test_a_row_that_was_committed_behind_a_newer_one_is_told_too(connect: Connect) -> None:
    async with connect() as browser, viewer(await ticket_for(browser)) as guest:
        await browser.say("text_input", text="hola")
        await guest.until("translation")
        row = await Exchange.objects.aget()
        first = row.pk
        elsewhere = await Conversation.objects.acreate(user=await sync_to_async(the_owner)())
        row.pk, row.utterance_id, row.conversation = first + 9, 98, elsewhere
        await row.asave(force_insert=True)  # so that the next one has a higher id
        await browser.say("text_input", text="mundo")
        await guest.until("translation", source="mundo")
        row.pk, row.utterance_id, row.source = first + 1, 99, "agua"
        row.conversation_id = UUID(conversation_of(browser))
        await row.asave(force_insert=True)
        await guest.until("translation", source="agua")
        await browser.say("text_input", text="gracias")
        await guest.until("translation", source="gracias")
    assert [m["source"] for m in guest.told("translation")] == ["hola", "mundo", "agua", "gracias"]


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


async def test_a_conversation_has_so_many_viewers_and_no_more(
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
        assert guest.told("translation") == to_viewers(browser, "translation")
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
