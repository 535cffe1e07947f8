"""The owner changes the translator while sessions are live: the next ones get it, or nobody."""

import logging

import pytest
from django.contrib.auth.models import User
from django.test import AsyncClient

from sessions_app.store.database.thread import database_thread
from sessions_app.store.engine_choice import current_choice
from tests.conftest import Connect
from tests.house import House
from tests.tiny.fakechat import FakeChat
from tests.tiny.fakemodels import FakeModels

SETTINGS = "/settings/"


@pytest.fixture
async def owner(house: House) -> AsyncClient:
    """Return the owner's HTTP client, on the server's event loop."""
    browser = AsyncClient()
    await browser.aforce_login(await User.objects.acreate_superuser("ana"))
    return browser


async def test_whoever_connects_after_a_change_gets_it_and_live_sessions_keep_theirs(
    owner: AsyncClient, connect: Connect
) -> None:
    async with connect() as browser:
        answer = await owner.post(SETTINGS, {"backend": "none"})
        assert answer.status_code == 302
        told = await browser.until("engines_changed", generation=2)
        assert told["engines"]["translator"]["name"] == "none"
        await browser.say("text_input", text="hola mundo")
        assert (await browser.until("translation"))["engine"] == "fake"
    async with connect() as browser:
        await browser.say("text_input", text="hola mundo")
        assert (await browser.until("translation"))["translated"] == ""


async def test_a_language_model_that_is_chosen_translates_the_next_sentence(
    owner: AsyncClient, connect: Connect
) -> None:
    with FakeChat() as chat:
        chosen = {"backend": "llm", "url": chat.url, "key": "s3cret"}
        assert (await owner.post(SETTINGS, chosen)).status_code == 302
        async with connect() as browser:
            await browser.say("text_input", text="hola mundo")
            told = await browser.until("translation")
        assert (told["translated"], told["engine"]) == ("hello world", "llm")
        assert set(chat.keys) == {"Bearer s3cret"}


async def test_a_language_model_that_cannot_chat_is_told_on_the_page(owner: AsyncClient) -> None:
    with FakeModels(("bge-m3",), chatting=()) as models:
        chosen = {"backend": "llm", "url": models.url}
        assert (await owner.post(SETTINGS, chosen)).status_code == 302
        page = (await owner.get(SETTINGS)).content.decode()
    assert "has no model that can chat" in page


async def test_what_was_chosen_is_there_when_the_server_starts_again(
    owner: AsyncClient, house: House, connect: Connect
) -> None:
    await owner.post(SETTINGS, {"backend": "none"})
    await house.restart()
    async with connect() as browser:
        await browser.say("text_input", text="hola mundo")
        assert (await browser.until("translation"))["translated"] == ""


async def test_where_engines_do_not_load_nothing_is_changed_and_the_page_says_why(
    owner: AsyncClient, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    async with connect() as browser:
        answer = await owner.post(SETTINGS, {"backend": "opus-mt"})
        assert answer.status_code == 409
        assert "Nothing was changed" in answer.content.decode()
        assert await database_thread.run(current_choice) is None
        await browser.say("text_input", text="hola mundo")
        assert (await browser.until("translation"))["translated"] == "hello world"
    errors = [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR]
    assert [message.partition(":")[0] for message in errors] == ["no engines"]
    caplog.clear()
