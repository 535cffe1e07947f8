"""What holds for every translator: the contract of sessions_app/engines/base.py."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from sessions_app.core.errors import EngineError
from sessions_app.core.events import Direction, Translation, TranslationRequest
from sessions_app.engines.base import Translator
from sessions_app.engines.fake import FakeTranslator
from sessions_app.engines.llm.translator import LlmTranslator
from sessions_app.engines.none import NoTranslator
from sessions_app.engines.translation.apertium import ApertiumTranslator
from sessions_app.engines.translation.apertium_modes import MODES, installed_modes
from sessions_app.engines.translation.chain import ChainTranslator
from sessions_app.engines.translation.opus_mt import OpusMtTranslator
from sessions_app.engines.translation.phrasebook import PhrasebookTranslator
from tests.tiny.fakechat import FakeChat

APERTIUM_IS_THERE = installed_modes().keys() == MODES.keys()
needs_apertium = pytest.mark.skipif(
    not APERTIUM_IS_THERE, reason="the package apertium-eng-spa is not installed"
)
Models = dict[str, Path]


def opus_mt(models: Models, chat: str) -> Translator:
    return OpusMtTranslator(es_en=models["es-en"], en_es=models["en-es"], threads=1)


def apertium(models: Models, chat: str) -> Translator:
    return ApertiumTranslator()


def phrasebook(models: Models, chat: str) -> Translator:
    return PhrasebookTranslator(opus_mt(models, chat))


def chain(models: Models, chat: str) -> Translator:
    one_way = OpusMtTranslator(es_en=models["es-en"], models_dir="nowhere", threads=1)
    return ChainTranslator([one_way, FakeTranslator()])


def llm(models: Models, chat: str) -> Translator:
    return LlmTranslator(chat, retries=0)


MAKERS = [
    opus_mt,
    pytest.param(apertium, marks=needs_apertium),
    phrasebook,
    chain,
    llm,
    lambda models, chat: FakeTranslator(),
]
NAMES = ["opus-mt", "apertium", "phrasebook", "chain", "llm", "fake"]


@pytest.fixture
def chat_server() -> Iterator[FakeChat]:
    with FakeChat() as server:
        yield server


@pytest.fixture(params=MAKERS, ids=NAMES)
def make(
    request: pytest.FixtureRequest, opus_directories: Models, chat_server: FakeChat
) -> Callable[[], Translator]:
    maker: Callable[[Models, str], Translator] = request.param
    return lambda: maker(opus_directories, chat_server.url)


@pytest.fixture
async def translator(make: Callable[[], Translator]) -> AsyncIterator[Translator]:
    made = make()
    await made.load()
    yield made
    await made.aclose()


def request(text: str, direction: Direction = Direction.ES_TO_EN) -> TranslationRequest:
    return TranslationRequest(text, direction)


@pytest.mark.slow
async def test_words_come_out_in_the_other_language(translator: Translator) -> None:
    english = await translator.translate(request("gracias"))
    spanish = await translator.translate(request("water", Direction.EN_TO_ES))
    assert english.text in ("thanks", "thank you")
    assert spanish.text == "agua"
    assert english.engine
    assert spanish.engine


async def test_nothing_is_translated_to_nothing(translator: Translator) -> None:
    assert (await translator.translate(request(""))).text == ""
    assert (await translator.translate(request(" \n\t"))).text == ""


ODD = ["\ud800", "\x00", "[^hola$]{<x>}\\/@", "*#@+~ ...", "¡¿?!", "😀 日本", "a" * 2000, "a\nb"]


@pytest.mark.slow
@pytest.mark.parametrize("text", ODD)
async def test_odd_text_leaves_the_translator_well(translator: Translator, text: str) -> None:
    odd = await asyncio.gather(translator.translate(request(text)), return_exceptions=True)
    assert [type(each) for each in odd] in ([Translation], [EngineError])
    assert (await translator.translate(request("agua"))).text == "water"


async def test_requests_at_once_do_not_mix(translator: Translator) -> None:
    words = {"agua": "water", "casa": "house", "roja": "red"}
    answers = await asyncio.gather(*(translator.translate(request(w)) for w in [*words] * 4))
    assert [answer.text for answer in answers] == [*words.values()] * 4


async def test_a_cancelled_request_leaves_the_next_one_right(translator: Translator) -> None:
    asked = asyncio.create_task(translator.translate(request("casa " * 20)))
    await asyncio.wait([asked], timeout=0.001)
    asked.cancel()
    await asyncio.wait([asked])
    assert (await translator.translate(request("agua"))).text == "water"


@pytest.mark.slow
async def test_closing_may_be_done_twice_and_ends_the_work(make: Callable[[], Translator]) -> None:
    translator = make()
    await translator.load()
    await translator.aclose()
    await translator.aclose()
    with pytest.raises(EngineError):
        await translator.translate(request("el perro"))


async def test_closing_may_come_before_loading(make: Callable[[], Translator]) -> None:
    await make().aclose()


async def test_no_translator_answers_with_nothing() -> None:
    none = NoTranslator()
    await none.load()
    assert await none.translate(request("hola")) == Translation(text="", engine="none")
    await none.aclose()
