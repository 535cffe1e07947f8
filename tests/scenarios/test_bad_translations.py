"""A session whose translator returns nonsense: the words stay, and the client is told why."""

import json
from collections.abc import Iterator

import pytest

from sessions_app.models import Exchange
from tests.house import House, client
from tests.scenarios.engines import STRANGE, StrangeTranslator
from tests.sounds import say, silence
from tests.tiny.fakechat import FakeChat

pytestmark = pytest.mark.django_db(transaction=True)
ECHO = "tests.scenarios.engines.EchoingTranslator"
REFUSAL = "I'm sorry, but I can't help with that request."


@pytest.fixture
def server() -> Iterator[FakeChat]:
    with FakeChat() as opened:
        yield opened


async def test_an_echo_is_told_to_be_none_and_nothing_is_kept_for_a_translation(
    house: House,
) -> None:
    await house.restart(translator=json.dumps({"BACKEND": ECHO}))
    async with client(direction="es_to_en") as browser:
        await browser.say("text_input", text="hola mundo")
        told = await browser.until("error")
        await browser.say("text_input", text="Hotel Madrid")
        good = await browser.until("translation")
    assert (told["code"], told["fault"], told["about"]) == ("translation_failed", "echo", 1)
    assert told["message"] == "The translator gave the sentence back untranslated."
    assert good["translated"] == "Hotel Madrid"
    kept = [(row.source, row.translated, row.failure) async for row in Exchange.objects.all()]
    assert kept == [
        ("hola mundo", "", "translation_failed"),
        ("Hotel Madrid", "Hotel Madrid", ""),
    ]


async def test_a_model_that_refuses_is_passed_over_and_that_is_told(
    house: House, server: FakeChat
) -> None:
    options = {"url": server.url, "retries": 0}
    await house.restart(translator=json.dumps({"BACKEND": "llm", "OPTIONS": options}))
    server.troubles = [json.dumps({"translated": REFUSAL})]
    async with client(direction="es_to_en") as browser:
        await browser.say("text_input", text="hola mundo")
        message = await browser.until_any("translation", "error")
    told = browser.heard[-1]
    if message == "error":  # without Apertium nothing else can translate
        assert (told["code"], told["fault"]) == ("translation_failed", "refusal")
    else:
        assert told["engine"] != "llm"
        assert told["passed_over"] == [{"engine": "llm", "fault": "refusal"}]


async def test_no_draft_of_a_refusal_is_shown(house: House, server: FakeChat) -> None:
    options = {"url": server.url, "retries": 0}
    await house.restart(translator=json.dumps({"BACKEND": "llm", "OPTIONS": options}))
    server.troubles = [REFUSAL] * 20
    async with client(direction="es_to_en") as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("hola mundo agua casa") + silence(1))
        await browser.say("stop_listening")
        await browser.until("listening_stopped")
    drafts = [
        message.get("translation") for message in browser.heard if message["type"] == "partial"
    ]
    assert set(drafts) <= {None}


async def test_what_an_engine_says_beside_the_words_never_costs_the_words(house: House) -> None:
    await house.restart(translator=json.dumps({"BACKEND": STRANGE}))
    async with client(direction="es_to_en") as browser:
        for word in StrangeTranslator.ODD:
            await browser.say("text_input", text=word)
        await browser.until_any("error", "translation")
        while len(browser.told("translation")) < len(StrangeTranslator.ODD):
            await browser.until("translation")
        assert browser.problems() == []
    rows = [row async for row in Exchange.objects.order_by("pk")]
    assert [(row.source, row.translated) for row in rows] == [
        (word, "fine") for word in StrangeTranslator.ODD
    ]
    assert [(row.prompt_tokens, row.completion_tokens, row.cost) for row in rows] == [
        (0, 0, 0.0),
        (2**31 - 1, 0, 0.0),
        *[(0, 0, 0.0)] * 5,
    ]
    assert rows[3].phrases[0]["start"] is None
    assert [row.confidence for row in rows] == [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0]
