"""A speaker who is renamed has the new name everywhere at once: in other tabs, for viewers."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from asgiref.sync import sync_to_async

from sessions_app.models import Conversation, Speaker
from sessions_app.server import renaming
from sessions_app.server.renaming import follow_renamed_speakers
from tests.conftest import Connect
from tests.house import Client, House

ANA, BOB = {"id": "es", "name": "Ana"}, {"id": "en", "name": "English speaker"}
EVA = {"id": "es", "name": "Eva"}


@pytest.fixture
async def passing_on(house: House) -> AsyncIterator[None]:
    """Pass names on to other sessions, as a server process does."""
    work = asyncio.create_task(follow_renamed_speakers(house.registry))
    yield
    work.cancel()
    await asyncio.wait({work})


def conversation_of(browser: Client) -> str:
    return str(browser.told("ready")[0]["conversation_id"])


async def test_a_second_tab_hears_of_a_new_name_and_uses_it(
    connect: Connect, passing_on: None
) -> None:
    async with (
        connect() as one,
        connect(conversation=conversation_of(one)) as other,
        connect() as stranger,
    ):
        await other.say("text_input", text="hola")
        before = await other.until("translation")
        await one.say("rename_speaker", speaker_id="es", name="Ana")
        assert (await one.until("speakers"))["speakers"] == [ANA, BOB]
        async with asyncio.timeout(5):
            assert (await other.until("speakers"))["speakers"] == [ANA, BOB]
        await other.say("text_input", text="mundo")
        after = await other.until("translation")
        assert await stranger.still_works()
        assert await one.still_works()
    assert (before["speaker"]["name"], after["speaker"]) == ("Spanish speaker", ANA)
    assert len(one.told("speakers")) == len(other.told("speakers")) == 1
    assert stranger.told("speakers") == []


async def test_a_name_that_an_administrator_mends_is_heard(
    connect: Connect, passing_on: None
) -> None:
    async with connect() as browser:
        await browser.say("text_input", text="hola")
        await browser.until("translation")
        speaker = await Speaker.objects.aget()
        speaker.name = "Ana"
        await speaker.asave()
        async with asyncio.timeout(5):
            assert (await browser.until("speakers"))["speakers"] == [ANA, BOB]


async def test_names_of_a_conversation_that_was_left_behind_are_not_heard(
    connect: Connect, passing_on: None
) -> None:
    async with connect() as browser:
        await browser.say("text_input", text="hola")
        await browser.until("translation")
        old = conversation_of(browser)
        await browser.say("new_conversation")
        await browser.until("speakers")
        kept = await Conversation.objects.aget(pk=old)
        rename = kept.speakers.update_or_create
        await sync_to_async(rename)(key="es", defaults={"name": "Ana"})
        await asyncio.sleep(0.3)
        assert await browser.still_works()
    assert [told["speakers"][0]["name"] for told in browser.told("speakers")] == ["Spanish speaker"]


async def test_a_name_is_told_once_however_often_the_kept_ones_are_looked_at(
    connect: Connect, passing_on: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renaming, "LOOK_SECONDS", 0.001)
    for _ in range(20):
        async with connect() as browser:
            # the first sentence keeps the name that the speaker had then
            await browser.say("text_input", text="hola")
            await browser.say("rename_speaker", speaker_id="es", name="Ana")
            await browser.until("translation")
            await browser.say("rename_speaker", speaker_id="es", name="Eva")
            await browser.until("speakers", speakers=[EVA, BOB])
            await asyncio.sleep(0.05)
            assert await browser.still_works()
        names = [told["speakers"][0]["name"] for told in browser.told("speakers")]
        assert names == ["Ana", "Eva"]
