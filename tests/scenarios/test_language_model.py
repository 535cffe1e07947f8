"""A session translated by a language model on localhost: drafts, tokens, and its failures."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sessions_app.config import conf
from sessions_app.core.events import Direction, Manner, Mode
from sessions_app.live.offline import OfflineResult, hear_file, opened
from sessions_app.models import Exchange
from sessions_app.web.api_schemas import ExchangeOut
from tests.house import House, client, eventually
from tests.sounds import say, silence, wav
from tests.tiny.fakechat import FakeChat, data_of

pytestmark = pytest.mark.django_db(transaction=True)

TOPIC = "greetings and household words"


@pytest.fixture
def server() -> Iterator[FakeChat]:
    with FakeChat() as opened:
        yield opened


def choice(server: FakeChat) -> str:
    return f'{{"BACKEND": "llm", "OPTIONS": {{"url": "{server.url}", "retries": 0}}}}'


def translations_asked(server: FakeChat) -> list[dict[str, Any]]:
    """Return what a translation was asked with, drafts left out."""
    told = [data_of(body) for body in server.asked if not body.get("stream")]
    return [data for data in told if "say" in data]


def topics_asked(server: FakeChat) -> list[dict[str, Any]]:
    return [body for body in server.asked if "say" not in data_of(body)]


async def test_tokens_and_cost_are_kept_with_the_exchange(house: House, server: FakeChat) -> None:
    prices = '{"parrot": [1, 4]}'
    await house.restart(translator=choice(server), llm_prices=prices)
    async with client(direction="es_to_en", mode="classroom") as browser:
        await browser.say("text_input", text="hola mundo")
        told = await browser.until("translation")
    assert (told["translated"], told["engine"]) == ("hello world", "llm")
    [kept] = [row async for row in Exchange.objects.select_related("speaker")]
    assert (kept.translator, kept.prompt_tokens, kept.completion_tokens) == ("llm", 200, 50)
    assert kept.cost == pytest.approx(0.0004)
    shown = ExchangeOut.from_orm(kept)
    assert (shown.prompt_tokens, shown.completion_tokens, shown.cost) == (200, 50, kept.cost)


async def test_speech_is_translated_while_it_goes_on(house: House, server: FakeChat) -> None:
    await house.restart(translator=choice(server))
    async with client(direction="es_to_en") as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("hola mundo agua casa"))
        while not (draft := await browser.until("partial")).get("translation"):
            pass
        await browser.send_sound(silence(1))
        told = await browser.until("translation")
        await browser.say("stop_listening")
        await browser.until("listening_stopped")
    assert draft["utterance_id"] == told["utterance_id"]
    assert "hello world water house".startswith(draft["translation"])
    assert told["translated"] == "hello world water house"


async def test_a_pause_is_enough_to_ask_for_the_translation(house: House, server: FakeChat) -> None:
    await house.restart(translator=choice(server))
    async with client(direction="es_to_en") as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("hola mundo") + silence(0.3))
        await eventually(lambda: any(not body.get("stream") for body in server.asked))
        # the silence so far is too short to end the utterance
        await browser.send_sound(silence(1))
        told = await browser.until("translation")
    assert told["translated"] == "hello world"
    assert [data_of(body)["say"] for body in server.asked if not body.get("stream")] == [
        "hola mundo"
    ]


async def test_a_model_that_fails_leaves_the_words_and_is_no_translation(
    house: House, server: FakeChat
) -> None:
    await house.restart(translator=choice(server))
    server.troubles = ['{"translated": null}'] * 2
    async with client(direction="es_to_en") as browser:
        await browser.say("text_input", text="zzz qqq")
        await browser.until("transcript")
        while True:
            message = await browser.next()
            if message["type"] in ("translation", "error"):
                break
    kept = [(row.source, row.translated, row.failure) async for row in Exchange.objects.all()]
    if message["type"] == "error":  # without Apertium nothing else can translate
        assert message["code"] == "translation_failed"
        assert kept == [("zzz qqq", "", "translation_failed")]
    else:
        assert message["engine"] != "llm"
        assert kept[0][2] == ""


async def test_what_was_said_before_is_told_to_the_model(house: House, server: FakeChat) -> None:
    await house.restart(translator=choice(server))
    async with client(direction="es_to_en") as browser:
        for text in ("hola", "agua"):
            await browser.say("text_input", text=text)
            await browser.until("translation")
    before = data_of(server.asked[1])["before"]
    assert [(one["said"], one["translated"]) for one in before] == [("hola", "hello")]


async def test_a_file_is_translated_with_the_context_and_the_topic_of_a_session(
    house: House, server: FakeChat, tmp_path: Path
) -> None:
    sentences = ["hola", "agua", "casa", "gracias", "mundo"]
    await house.restart(translator=choice(server))
    async with client(direction="es_to_en") as browser:
        for number, sentence in enumerate(sentences):
            await browser.speak(say(sentence))
            if number == 2:  # which is when the topic is looked for
                await eventually(lambda: topics_asked(server) != [])
                await eventually(lambda: server.answered == len(server.asked))
    in_session = translations_asked(server)
    server.asked.clear()

    path = tmp_path / "talk.wav"
    path.write_bytes(wav(b"".join(say(sentence) + silence(1) for sentence in sentences)))
    manner = Manner(Direction.ES_TO_EN, Mode.CONVERSATION)
    result = OfflineResult()
    async with opened(conf.read().engines, lambda *_: None) as generation:
        await hear_file(path, generation, manner, result)
    assert [exchange.source for exchange in result.exchanges] == sentences
    assert len(topics_asked(server)) == 1
    assert translations_asked(server) == in_session
    last = in_session[-1]
    assert ([one["said"] for one in last["before"]], last["topic"]) == (sentences[:4], TOPIC)


async def test_in_class_a_mistake_is_told_with_what_is_right_and_why(
    house: House, server: FakeChat
) -> None:
    mended = {"wrong": "since three years", "right": "for three years", "why": "una duración"}
    answer = {"corrected": "", "translated": "Vivo aquí desde hace tres años.", "phrases": []}
    server.troubles = [json.dumps(answer | {"corrections": [mended]})]
    await house.restart(translator=choice(server))
    async with client(direction="en_to_es", mode="classroom") as browser:
        await browser.say("text_input", text="I live here since three years")
        told = await browser.until("translation")
        assert browser.problems() == []
    [phrase] = told["phrases"]
    assert phrase["kind"] == "correction"
    assert phrase["literal"] == ""
    assert {name: phrase[name] for name in mended} == mended
    assert (await Exchange.objects.aget()).phrases == [phrase]
    [asked] = server.asked
    schema = asked["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["corrections"]["items"]["required"] == ["wrong", "right", "why"]
    assert "corrections" in schema["required"]


async def test_the_classroom_says_what_it_cannot_do_without_a_language_model(
    house: House, server: FakeChat
) -> None:
    async with client(mode="classroom") as browser:
        assert await browser.still_works()
        assert browser.problems() == [("no_corrections", "query")]
    async with client() as browser:
        for mode in ("classroom", "conversation"):
            await browser.say("set_mode", mode=mode)
        await browser.until("mode_changed", mode="conversation")
        assert browser.problems() == [("no_corrections", "set_mode")]
    await house.restart(translator=choice(server))
    async with client(mode="classroom") as browser:
        await browser.say("set_mode", mode="classroom")
        await browser.until("mode_changed")
        assert await browser.still_works()
        assert browser.problems() == []
