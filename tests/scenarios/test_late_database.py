"""While the database cannot be written: all is sent, what waits is bounded, and is kept later."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from django.test import Client as Browser

from playback_app.models import Playback
from sessions_app.models import Conversation, Exchange, Recording
from sessions_app.recording import files
from sessions_app.server import writable
from sessions_app.store.database import write_behind
from sessions_app.store.database.outages import TAKES_NOTHING
from sessions_app.store.database.thread import database_thread
from tests.conftest import Connect
from tests.house import Client, House, eventually
from tests.locked import locked
from tests.recordings import record
from tests.sounds import say, silence

DELETED = ("exchange", "speaker", "translationsession", "conversation")
"""The tables of a conversation, in the order in which rows can be deleted."""
WORDS = ["hola", "mundo", "gracias", "agua", "casa", "roja"]


@pytest.fixture
async def house(house: House, caplog: pytest.LogCaptureFixture) -> AsyncIterator[House]:
    """Return all of Habla; check, after the test, that the outage was one line in its log."""
    yield house
    records = caplog.get_records("call")
    errors = [r for r in records if r.levelno >= logging.ERROR and r.name != "django.request"]
    told = [record.getMessage() for record in errors]
    assert [line.rpartition("; ")[2] for line in told] == ["what is to be kept waits"]
    records.clear()  # nothing else may be logged


async def talk(browser: Client, *words: str) -> None:
    for word in words:
        await browser.say("text_input", text=word)
        await browser.until("translation", source=word)


def ids(browser: Client, kind: str) -> list[int]:
    return [message["utterance_id"] for message in browser.told(kind)]


async def until_stored(browser: Client, how_many: int) -> None:
    while len(browser.told("stored")) < how_many:
        await browser.until("stored")


async def kept() -> list[str]:
    return [row.source async for row in Exchange.objects.order_by("pk")]


async def test_of_more_than_may_wait_each_is_told_and_that_it_is_not_kept_once(
    house: House, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_behind, "MOST_OF_ONE", 3)
    lost = database_thread.outage.lost
    async with connect() as browser:
        await talk(browser, "hola")
        async with locked():
            await talk(browser, *WORDS[1:])
            assert await browser.still_works()
            assert browser.problems() == [("not_kept", 5), ("not_kept", 6)]
            assert database_thread.outage.lost - lost == 2
        await until_stored(browser, 3)
        assert ids(browser, "stored") == [2, 3, 4]
        await talk(browser, "no")
    assert [m["stored"] for m in browser.told("translation")] == [True, *[False] * 5, True]
    assert [m["source"] for m in browser.told("translation")] == [*WORDS, "no"]
    assert browser.problems() == [("not_kept", 5), ("not_kept", 6)]
    assert await kept() == [*WORDS[:4], "no"]


async def test_where_too_much_waits_nothing_more_is_begun_and_that_is_told(
    house: House, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_behind, "MOST_OF_ONE", 2)
    async with connect() as browser:
        async with locked():
            await talk(browser, "hola", "mundo")
            await browser.say("new_conversation")
            await browser.until("error")
            await browser.say("start_listening", encoding="pcm-s16le")
            assert (await browser.until("listening_started"))["recording"] is None
            await browser.say("stop_listening")
            await browser.until("listening_stopped")
            refused = [("not_kept", "new_conversation"), ("recording_stopped", "audio")]
            assert browser.problems() == refused
        await until_stored(browser, 2)
    assert await kept() == ["hola", "mundo"]
    assert (await Conversation.objects.acount(), await Recording.objects.acount()) == (1, 0)


async def test_a_new_conversation_begun_meanwhile_gets_its_own_words(
    house: House, connect: Connect
) -> None:
    async with connect() as browser:
        async with locked():
            await talk(browser, "hola")
            await browser.say("new_conversation")
            begun = await browser.until("conversation_started")
            await talk(browser, "mundo")
            assert await Conversation.objects.acount() == 1
        await until_stored(browser, 2)
    rows = {str(row.conversation_id): row.source async for row in Exchange.objects.all()}
    assert rows == {
        browser.told("ready")[0]["conversation_id"]: "hola",
        begun["conversation_id"]: "mundo",
    }


async def test_a_conversation_that_is_deleted_while_its_words_wait_stays_deleted(
    house: House, connect: Connect
) -> None:
    async with connect() as browser:
        await talk(browser, "hola")
        async with locked(*(f"delete from sessions_app_{table}" for table in DELETED)):
            await talk(browser, "mundo")
        await browser.until("error")
        assert browser.problems() == [("not_kept", 2)]
    assert await kept() == []
    assert await Conversation.objects.acount() == 0


async def test_a_playback_is_heard_to_its_end_meanwhile_and_ends_once(
    house: House, connect: Connect
) -> None:
    recording = await record(say("hola mundo") + silence(1) + say("agua") + silence(1))
    async with connect() as browser:
        await browser.say("start_playback", recording_id=str(recording.pk), speed=2)
        await browser.until("playback_started")
        async with locked():
            await browser.until("playback_finished")
            assert [m["source"] for m in browser.told("translation")] == ["hola mundo", "agua"]
            late = [m["utterance_id"] for m in browser.told("translation") if not m["stored"]]
            assert late[-1:] == [2]
        await until_stored(browser, len(late))
        assert ids(browser, "stored") == late
        assert browser.problems() == []
    await house.close()
    assert await kept() == ["hola mundo", "agua"]
    ends = [row async for row in Playback.objects.values_list("state", "end_count")]
    assert ends == [("finished", 1)]


async def test_whose_sound_it_is_is_noted_until_its_row_is_there(
    tmp_path: Path, settings: Any, house: House, connect: Connect
) -> None:
    settings.HABLA = settings.HABLA | {"DATA_DIR": tmp_path}
    async with connect() as browser:
        async with locked():
            await browser.say("start_listening", encoding="pcm-s16le")
            started = await browser.until("listening_started")
            await browser.send_sound(say("hola mundo") + silence(1))
            await browser.until("translation")
            note = files.sidecar_path(UUID(started["recording"]))
            await eventually(note.exists)
            assert await Recording.objects.acount() == 0
        await browser.say("stop_listening")
        await browser.until("listening_stopped")
    await house.close()
    assert (await Recording.objects.aget()).state == "complete"
    assert list(note.parent.iterdir()) == []


async def test_the_server_says_that_it_is_not_ready_until_it_is(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writable, "AGAIN_SECONDS", 0.05)
    get = sync_to_async(lambda: Browser().get("/readyz", headers={"host": "localhost"}).status_code)
    assert (house.registry.readiness(), await get()) == ([], 200)
    async with locked():
        trying = asyncio.create_task(writable.keep_probing_writes(house.registry))
        await eventually(lambda: house.registry.readiness() == [TAKES_NOTHING])
        assert await get() == 503
    await eventually(lambda: house.registry.readiness() == [])
    assert await get() == 200
    trying.cancel()
    await asyncio.wait({trying})
