"""A model that another program has to load: no sentence waits for it, or cancels the loading."""

import asyncio
import time

import pytest

from sessions_app.core.errors import EngineBusyError, EngineError, EngineLoadingError
from sessions_app.core.events import Direction, TranslationRequest
from sessions_app.engines.fake import FakeTranslator
from sessions_app.engines.llm.client import NotInTimeError
from sessions_app.engines.llm.model_loading import IDLE_SECONDS, LoaderMessages, ModelLoader
from sessions_app.engines.llm.translator import LlmTranslator
from sessions_app.engines.model_condition import READY, ModelCondition, ModelState
from sessions_app.engines.translation.chain import ChainTranslator
from tests.engines.chat import llm_at
from tests.house import eventually
from tests.tiny.fakemodels import FakeModels

ES = Direction.ES_TO_EN
HELLO = TranslationRequest("hola mundo", ES)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the wait for a model that may be loaded already."""
    monkeypatch.setattr("sessions_app.engines.llm.translator.FIRST_SECONDS", 0.2)
    monkeypatch.setattr("sessions_app.engines.llm.translator.GRACE_SECONDS", 0.2)
    monkeypatch.setattr("sessions_app.engines.llm.model_loading.TELL_SECONDS", 0.05)


@pytest.mark.slow
async def test_a_model_that_loads_longer_than_an_answer_may_take_is_loaded_once() -> None:
    with FakeModels(load_seconds=60) as server:
        async with llm_at(server, is_awaited=False, timeout_seconds=0.5) as llm:
            message = "The language model parrot is being loaded."
            assert llm.remote_model.board.condition == ModelCondition(ModelState.LOADING, message)
            assert [llm.remote_model.why] == [message]
            with pytest.raises(EngineLoadingError):
                await llm.translate(HELLO)
            await asyncio.sleep(0.6)  # longer than an answer may take
            assert (server.asked, server.given_up) == ([], 0)
            server.is_loaded = True
            await llm.remote_model.loaded()
            assert (await llm.translate(HELLO)).text == "hello world"
            assert [llm.remote_model.board.condition, llm.remote_model.why] == [READY, None]
    assert (server.given_up, server.greeted) == (0, ["parrot"])


async def test_nothing_that_was_said_is_sent_before_the_model_is_there() -> None:
    async def tell(text: str) -> None:
        raise AssertionError(text)

    with FakeModels(load_seconds=60) as server:
        async with llm_at(server, is_awaited=False) as llm:
            await llm.draft(HELLO, tell)
            assert await llm.translate_ahead(HELLO) is None
            assert await llm.find_topic([], "") == ""
            assert server.asked == []
            server.is_loaded = True
            await llm.remote_model.loaded()
            assert (await llm.translate(HELLO)).text == "hello world"
    assert server.given_up == 0


async def test_who_leaves_while_it_loads_does_not_end_the_loading() -> None:
    with FakeModels(load_seconds=60) as server:
        async with llm_at(server, is_awaited=False) as llm:
            asked = asyncio.create_task(llm.translate(HELLO))
            await asyncio.sleep(0.05)
            asked.cancel()
            await asyncio.wait({asked})
            server.is_loaded = True
            await llm.remote_model.loaded()
            assert llm.remote_model.board.condition == READY
    assert server.given_up == 0


@pytest.mark.slow
async def test_others_translate_while_it_loads_and_it_is_not_taken_for_ill() -> None:
    with FakeModels(load_seconds=60) as server:
        llm = LlmTranslator(server.url)
        chain = ChainTranslator([llm, FakeTranslator()])
        await chain.load()
        assert chain.remote_model is not None
        for _ in range(4):
            assert (await chain.translate(HELLO)).engine == "fake"
        assert chain.remote_model.hindrance == ""
        assert [chain.remote_model.why] == ["The language model parrot is being loaded."]
        server.is_loaded = True
        await chain.remote_model.loaded()
        assert (await chain.translate(HELLO)).engine == "llm"
        assert chain.remote_model.why is None
        await chain.aclose()


@pytest.mark.slow
async def test_a_model_that_was_unloaded_meanwhile_is_loaded_beside_and_not_by_a_sentence() -> None:
    with FakeModels(load_seconds=0.1) as server:
        async with llm_at(server, is_awaited=False, timeout_seconds=0.3) as llm:
            await llm.remote_model.loaded()
            server.load_seconds = 60
            server.unload()
            with pytest.raises(EngineBusyError, match="in time"):
                await llm.translate(HELLO)
            await eventually(lambda: server.given_up == 1)
            with pytest.raises(EngineLoadingError):
                await llm.translate(HELLO)
            server.is_loaded = True
            await llm.remote_model.loaded()
            assert (await llm.translate(HELLO)).text == "hello world"
    assert server.given_up == 1


async def test_after_idleness_the_model_is_asked_for_before_a_sentence_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sessions_app.engines.llm.translator.IDLE_SECONDS", 0.2)
    with FakeModels() as server:
        async with llm_at(server, is_awaited=False, timeout_seconds=0.3) as llm:
            await llm.translate(HELLO)
            server.load_seconds = 60
            server.unload()
            await asyncio.sleep(0.25)
            with pytest.raises(EngineLoadingError):
                await llm.translate(HELLO)
            server.is_loaded = True
            await llm.remote_model.loaded()
            assert (await llm.translate(HELLO)).text == "hello world"
    assert (server.given_up, len(server.asked)) == (0, 2)


async def test_whoever_comes_after_idleness_has_it_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessions_app.engines.llm.translator.IDLE_SECONDS", 0.0)
    with FakeModels() as server:
        async with llm_at(server, is_awaited=False) as llm:
            before = len(server.greeted)
            llm.remote_model.warm_up()
            await llm.remote_model.loaded()
    assert len(server.greeted) == before + 1


async def test_one_that_is_not_there_in_its_own_time_is_given_up_and_told() -> None:
    with FakeModels(load_seconds=60) as server:
        async with llm_at(server, is_awaited=False, load_seconds=0.5) as llm:
            await llm.remote_model.loaded()
            condition = llm.remote_model.board.condition
    assert condition.state is ModelState.DOWN
    assert "was not loaded" in condition.message
    await eventually(lambda: server.given_up == 1)


async def test_a_server_that_answers_503_while_it_loads_is_waited_for() -> None:
    with FakeModels(is_beginning=True) as server:
        async with llm_at(server, is_awaited=False, must_answer=True) as llm:
            assert llm.remote_model.board.condition.state is ModelState.LOADING
            server.is_beginning = False
            await llm.remote_model.loaded()
            assert (await llm.translate(HELLO)).text == "hello world"


async def test_the_end_ends_the_loading() -> None:
    with FakeModels(load_seconds=60) as server:
        began_at = time.monotonic()
        async with llm_at(server, is_awaited=False):
            pass
        assert time.monotonic() - began_at < 5
        await eventually(lambda: server.given_up == 1)


async def test_a_model_is_believed_for_a_while_and_looked_for_at_most_now_and_then() -> None:
    now, loads = 100.0, 0

    async def load() -> None:
        nonlocal loads
        loads += 1
        if loads > 1:
            raise EngineError("It is gone.")

    loader = ModelLoader(load, LoaderMessages(str, str), clock=lambda: now)
    await loader.ensure_loaded(1)
    now += IDLE_SECONDS - 1
    await loader.ensure_loaded(1)
    assert (loads, loader.is_warm) == (1, True)
    now += 1
    for _ in range(3):
        loader.warm_up()
        await loader.loaded()
    assert (loads, loader.board.condition.state) == (2, ModelState.DOWN)
    with pytest.raises(EngineError, match="gone"):  # a sentence checks it nevertheless
        await loader.ensure_loaded(1)
    assert loads == 3
    await loader.aclose()


async def test_a_model_that_is_unloaded_sooner_is_believed_for_less_from_then_on() -> None:
    now, loads = 100.0, 0

    async def load() -> None:
        nonlocal loads
        loads += 1

    loader = ModelLoader(load, LoaderMessages(str, str), clock=lambda: now)
    await loader.ensure_loaded(1)
    now += 30
    await loader.ensure_loaded(1)
    assert loads == 1
    with pytest.raises(NotInTimeError), loader.watching():
        raise NotInTimeError
    await loader.loaded()
    assert (loads, loader.is_warm) == (2, True)
    now += 14
    await loader.ensure_loaded(1)
    assert loads == 2
    now += 1
    await loader.ensure_loaded(1)
    assert loads == 3
    await loader.aclose()


async def test_sentences_wait_for_a_model_together_and_not_one_after_the_other() -> None:
    now = 100.0
    loaded = asyncio.Event()

    async def load() -> None:
        await loaded.wait()

    loader = ModelLoader(load, LoaderMessages(str, str), clock=lambda: now)
    with pytest.raises(EngineLoadingError):
        await loader.ensure_loaded(0.05)
    now += 3
    async with asyncio.timeout(1):
        for _ in range(100):
            with pytest.raises(EngineLoadingError):
                await loader.ensure_loaded(3)
    loaded.set()
    await loader.loaded()
    await loader.ensure_loaded(3)
    await loader.aclose()
