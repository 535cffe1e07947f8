"""What a language model does besides finals: drafts of speech that goes on, and the topic."""

import asyncio
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from sessions_app.core.errors import EngineBusyError
from sessions_app.core.events import Direction, Said, TranslationRequest
from tests.engines.chat import llm_at
from tests.house import eventually
from tests.tiny.fakechat import FakeChat

ES = Direction.ES_TO_EN
HELLO = TranslationRequest("hola mundo", ES)


@pytest.fixture
def server() -> Iterator[FakeChat]:
    with FakeChat() as opened:
        yield opened


async def test_a_draft_grows_word_by_word(server: FakeChat) -> None:
    told: list[str] = []

    async def tell(text: str) -> None:
        told.append(text)

    async with llm_at(server) as llm:
        await llm.draft(TranslationRequest("hola gracias agua", ES), tell)
        await llm.draft(HELLO, tell)
    assert told == ["hello", "hello thanks", "hello thanks water", "hello", "hello world"]
    assert server.formats_asked == ["text", "text"]


async def test_a_draft_says_nothing_of_what_the_model_thinks(server: FakeChat) -> None:
    server.troubles = ["<think> What is hola? </think> hello world"]
    told: list[str] = []

    async def tell(text: str) -> None:
        told.append(text)

    async with llm_at(server) as llm:
        await llm.draft(HELLO, tell)
    assert told == ["hello", "hello world"]


async def test_a_draft_that_is_cancelled_closes_its_stream_upstream(server: FakeChat) -> None:
    server.holds_streams_after = 1
    begun = asyncio.Event()

    async def tell(text: str) -> None:
        begun.set()

    async with llm_at(server) as llm:
        drafting = asyncio.create_task(llm.draft(HELLO, tell))
        await begun.wait()
        drafting.cancel()
        await asyncio.wait({drafting})
        await eventually(lambda: server.aborted == 1)
        assert (await llm.translate(HELLO)).text == "hello world"


async def test_drafts_can_be_left_out(server: FakeChat) -> None:
    async def tell(text: str) -> None:
        raise AssertionError(text)

    async with llm_at(server, drafts=False) as llm:
        await llm.draft(HELLO, tell)
    assert server.asked == []


async def test_a_topic_is_one_line(server: FakeChat) -> None:
    async with llm_at(server) as llm:
        said = [Said("hola", "hello", ES)]
        assert await llm.find_topic(said, "") == "greetings and household words"
        server.troubles = ["<think>Hm.</think>\n**Water, and houses.**\nI hope this helps!"]
        assert await llm.find_topic(said, "water") == "Water, and houses"
        server.troubles = ["I cannot say what this is about, since it is too little. " * 3]
        assert await llm.find_topic(said, "water") == ""


async def test_a_draft_that_comes_too_often_says_when_to_come_back(server: FakeChat) -> None:
    async def tell(text: str) -> None:
        raise AssertionError(text)

    server.troubles = [HTTPStatus.TOO_MANY_REQUESTS]
    server.retry_after = "7"
    async with llm_at(server) as llm:
        with pytest.raises(EngineBusyError) as told:
            await llm.draft(HELLO, tell)
    assert (told.value.rest_seconds, len(server.asked)) == (7, 1)
