"""The context that a translator gets with a sentence: the last exchanges, and the topic."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from sessions_app.core.errors import EngineError
from sessions_app.core.events import Direction, Exchange, Mode, Said, Speaker, TranslationRequest
from sessions_app.engines.fake import FakeTranslator
from sessions_app.pipeline.speakers import Speakers
from sessions_app.pipeline.translation.context import EXCHANGES_A_TOPIC, Context
from tests.house import eventually

ES = Direction.ES_TO_EN


class Finder(FakeTranslator):
    """A translator that finds a given topic, or fails, or waits."""

    def __init__(self) -> None:
        super().__init__()
        self.topic = "water"
        self.fails = False
        self.asked: list[tuple[int, str]] = []
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    async def find_topic(self, said: Sequence[Said], topic: str) -> str:
        self.asked.append((len(said), topic))
        await self.goes_on.wait()
        if self.fails:
            raise EngineError("The language model does not answer.")
        return self.topic


@pytest.fixture
async def finder() -> Finder:
    return Finder()


@pytest.fixture
async def context(finder: Finder) -> AsyncIterator[Context]:
    context = Context(finder, Speakers({"es": "Bea"}))
    task = asyncio.create_task(context.run())
    yield context
    task.cancel()
    await asyncio.wait({task})


def said(number: int, **fields: str) -> Exchange:
    speaker = Speaker("1", "Ana")
    return Exchange(number, "ola", "hello", "es", ES, 0, 1, speaker=speaker, **fields)  # type: ignore[arg-type]


def asked(context: Context) -> TranslationRequest:
    return context.request("agua", ES, Mode.CONVERSATION)


async def talk(context: Context, exchanges: int = EXCHANGES_A_TOPIC) -> None:
    for number in range(exchanges):
        context.note(said(number))


async def test_the_words_as_they_were_meant_are_remembered(context: Context) -> None:
    context.note(said(1, corrected="hola"))
    assert asked(context).context == (Said("hola", "hello", ES, "Ana"),)


async def test_a_request_names_who_speaks_or_else_who_speaks_that_language(
    context: Context,
) -> None:
    assert asked(context) == TranslationRequest("agua", ES, speaker="Bea")
    by_ana = context.request("agua", ES, Mode.CLASSROOM, Speaker("1", "Ana"))
    assert by_ana == TranslationRequest("agua", ES, mode=Mode.CLASSROOM, speaker="Ana")


async def test_the_topic_is_found_after_some_exchanges_and_told(
    context: Context, finder: Finder
) -> None:
    await talk(context, EXCHANGES_A_TOPIC - 1)
    assert asked(context).topic == ""
    context.note(said(9))
    await eventually(lambda: asked(context).topic == "water")
    finder.topic = "houses"
    await talk(context)
    await eventually(lambda: context.topic == "houses")
    assert finder.asked == [(3, ""), (6, "water")]


async def test_a_search_that_fails_or_finds_nothing_leaves_the_topic_as_it_was(
    context: Context, finder: Finder
) -> None:
    await talk(context)
    await eventually(lambda: context.topic == "water")
    finder.topic = ""
    await talk(context)
    await eventually(lambda: len(finder.asked) == 2)
    finder.fails = True
    await talk(context)
    await eventually(lambda: len(finder.asked) == 3)
    finder.fails, finder.topic = False, "houses"
    assert context.topic == "water"
    context.note(said(9))
    await eventually(lambda: context.topic == "houses")


async def test_a_search_makes_way_for_a_sentence_and_begins_anew_after_it(
    context: Context, finder: Finder
) -> None:
    finder.goes_on.clear()
    await talk(context)
    await eventually(lambda: len(finder.asked) == 1)
    context.make_way()
    finder.goes_on.set()
    context.note(said(9))
    await eventually(lambda: context.topic == "water")
    assert len(finder.asked) == 2


async def test_a_new_conversation_has_no_topic_even_if_one_was_being_found(
    context: Context, finder: Finder
) -> None:
    finder.goes_on.clear()
    await talk(context)
    await eventually(lambda: len(finder.asked) == 1)
    context.reset()
    finder.goes_on.set()
    finder.topic = "houses"
    await talk(context)
    await eventually(lambda: context.topic == "houses")
    assert finder.asked == [(3, ""), (3, "")]


async def test_a_translator_that_finds_no_topics_is_not_asked() -> None:
    context = Context(FakeTranslator(), Speakers())
    await talk(context, 9)
    assert asked(context).topic == ""
