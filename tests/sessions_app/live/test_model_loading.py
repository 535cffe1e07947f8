"""A session whose language model is loaded elsewhere: the client is told, and nothing is lost."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import Client

from sessions_app.core.events import Direction, TranslationRequest
from sessions_app.core.readiness import MODEL_LOADS, UNANSWERED
from sessions_app.doctor.engines import examine_engine
from sessions_app.doctor.finding import Level
from sessions_app.engines.fake import FakeTranslator
from sessions_app.engines.llm.translator import LlmTranslator
from sessions_app.engines.loading import EngineChoice, EngineSettings
from sessions_app.engines.translation.chain import ChainTranslator
from sessions_app.live.offline import opened
from sessions_app.server.selftest import run_selftest
from tests.conftest import Connect
from tests.house import House, eventually
from tests.sessions_app.kept import at_home
from tests.tiny.fakechat import FakeChat, data_of
from tests.tiny.fakemodels import FakeModels

pytestmark = pytest.mark.django_db(transaction=True)

LOADS = "The language model parrot is being loaded."


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the wait for a model that may be loaded already."""
    monkeypatch.setattr("sessions_app.engines.llm.translator.FIRST_SECONDS", 0.2)
    monkeypatch.setattr("sessions_app.engines.llm.translator.GRACE_SECONDS", 0.2)
    monkeypatch.setattr("sessions_app.engines.llm.model_loading.TELL_SECONDS", 0.05)


def alone(server: FakeChat, **options: Any) -> str:
    """Return the choice of a language model that has no other translator behind it."""
    fields = {"url": server.url, "retries": 0, **options}
    return json.dumps(
        {"BACKEND": "sessions_app.engines.llm.translator.LlmTranslator", "OPTIONS": fields}
    )


async def readyz(browser: Client) -> dict[str, Any]:
    answer = await sync_to_async(browser.get)("/readyz")
    told: dict[str, Any] = answer.json()
    assert (answer.status_code == 200) is told["ready"]
    return told


async def test_a_client_is_told_that_the_model_loads_and_its_sentence_waits_for_it(
    house: House, connect: Connect
) -> None:
    with FakeModels(load_seconds=60) as server:
        await house.restart(translator=alone(server, timeout_seconds=0.5))
        async with connect(direction="es_to_en") as browser:
            told = browser.told("ready")[0]["engines"]["translator"]
            assert told["why"] == LOADS
            await browser.say("text_input", text="hola mundo")
            await browser.until("language_model", state="loading", message=LOADS)
            await asyncio.sleep(0.6)  # longer than an answer may take
            server.is_loaded = True
            await browser.until("language_model", state="ready", message="")
            assert (await browser.until("translation"))["translated"] == "hello world"
            assert browser.problems() == []
        async with connect() as late:
            assert late.told("ready")[0]["engines"]["translator"]["why"] is None
            assert await late.still_works()
            assert late.told("language_model") == []
    assert (server.given_up, len(server.asked)) == (0, 1)


async def test_a_sentence_that_met_an_unloaded_model_is_translated_once_it_is_there(
    house: House, connect: Connect
) -> None:
    with FakeModels() as server:
        await house.restart(translator=alone(server, timeout_seconds=0.5))
        async with connect(direction="es_to_en") as browser:
            await browser.still_works()
            server.load_seconds = 1.5
            server.unload()
            await browser.say("text_input", text="hola mundo")
            assert (await browser.until("translation"))["translated"] == "hello world"
            assert browser.problems() == []
    assert server.given_up == 1


async def test_a_sentence_that_was_not_answered_in_time_is_sent_again_once_the_model_answers(
    house: House, connect: Connect
) -> None:
    with FakeChat() as server:
        await house.restart(translator=alone(server, timeout_seconds=0.5))
        async with connect(direction="es_to_en") as browser:
            server.troubles = ["hang"]
            await browser.say("text_input", text="hola mundo")
            assert (await browser.until("translation"))["translated"] == "hello world"
            assert browser.problems() == []
    assert len(server.asked) == 2


async def test_a_model_that_never_answers_is_not_waited_for_by_every_sentence(
    house: House, connect: Connect
) -> None:
    with FakeChat() as server:
        await house.restart(translator=alone(server, timeout_seconds=0.5))
        async with connect(direction="es_to_en") as browser:
            server.troubles = ["hang"] * 20
            for text in ("hola", "mundo", "agua", "casa"):
                await browser.say("text_input", text=text)
            await browser.until("error", about=4)
            assert [code for code, _ in browser.problems()] == ["translation_failed"] * 4
        asked = [data_of(body)["say"] for body in server.asked]
    assert asked[:2] == ["hola", "hola"]
    assert len(asked) < 4  # the third only where the rest of 5 s was over


async def test_a_file_is_heard_once_the_model_is_there(tmp_path: Path) -> None:
    with FakeModels(load_seconds=1.0) as server:
        fake = EngineChoice("fake")
        choice = EngineChoice("llm", {"url": server.url})
        settings = EngineSettings(fake, choice, fake, tmp_path)
        async with opened(settings, lambda step, fraction: None) as generation:
            request = TranslationRequest("hola mundo", Direction.ES_TO_EN)
            assert (await generation.engines.translator.translate(request)).engine == "llm"
        assert (await examine_engine(settings, "translator")).level is Level.FINE


async def test_who_is_asked_whether_it_is_ready_says_that_the_model_loads(house: House) -> None:
    with FakeModels(load_seconds=60) as server:
        await house.restart(translator=alone(server))
        generations = house.registry.generations
        assert generations is not None
        assert generations.current is not None
        assert (await readyz(at_home()))["reasons"] == [LOADS]
        assert (await readyz(Client(REMOTE_ADDR="192.168.1.7")))["reasons"] == [MODEL_LOADS]
        assert await run_selftest(generations.current) == ""  # nothing fails
        server.is_loaded = True
        await eventually(lambda: house.registry.readiness() == [])
        assert await readyz(at_home()) == {"ready": True, "reasons": []}
        await house.close()


async def test_who_has_no_model_that_can_chat_is_not_ready_and_says_why(
    house: House, connect: Connect
) -> None:
    with FakeModels(("bge-m3",), chatting=()) as server:
        await house.restart(translator=alone(server))
        async with connect() as browser:
            why = browser.told("ready")[0]["engines"]["translator"]["why"]
            assert "no model that can chat" in why
            told = await browser.until("language_model", state="down")
            assert told["message"] == why
        assert (await readyz(at_home()))["reasons"] == [why]
        assert (await readyz(Client(REMOTE_ADDR="192.168.1.7")))["reasons"] == [UNANSWERED]
        await house.close()


class Backed(ChainTranslator):
    """A language model that loads, with another translator behind it."""

    def __init__(self, url: str) -> None:
        super().__init__([LlmTranslator(url), FakeTranslator()])


async def test_where_others_translate_meanwhile_it_is_ready_with_a_note(
    house: House, connect: Connect
) -> None:
    with FakeModels(load_seconds=60) as server:
        backed = {"BACKEND": f"{__name__}.Backed", "OPTIONS": {"url": server.url}}
        await house.restart(translator=json.dumps(backed))
        told = {"ready": True, "reasons": [], "notes": [LOADS]}
        assert await readyz(at_home()) == told
        assert await readyz(Client(REMOTE_ADDR="192.168.1.7")) == told | {"notes": [MODEL_LOADS]}
        async with connect(direction="es_to_en") as browser:
            await browser.say("text_input", text="hola mundo")
            assert (await browser.until("translation"))["engine"] == "fake"
            server.is_loaded = True
            await browser.until("language_model", state="ready")
            await browser.say("text_input", text="hola mundo")
            assert (await browser.until("translation"))["engine"] == "llm"
        assert await readyz(at_home()) == {"ready": True, "reasons": []}
        await house.close()
