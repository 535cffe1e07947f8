"""Typed text is translated as if spoken, even where there is no transcriber."""

import pytest

from sessions_app.models import Exchange
from tests.conftest import Connect
from tests.house import House
from tests.sounds import say


async def test_typed_text_is_told_translated_and_kept(connect: Connect) -> None:
    async with connect(direction="es_to_en") as browser:
        await browser.say("text_input", text="  hola mundo ")
        told = await browser.until("translation")
    assert [m["type"] for m in browser.heard] == ["ready", "transcript", "translation"]
    assert (told["source"], told["translated"]) == ("hola mundo", "hello world")
    row = await Exchange.objects.aget()
    assert (row.pk, row.source, row.transcriber) == (told["exchange_id"], "hola mundo", "")


@pytest.mark.parametrize(
    ("text", "direction", "translated"),
    [
        ("quiero la casa roja", "es_to_en", "want the house red"),
        ("the house is red", "en_to_es", "la casa es roja"),
    ],
)
async def test_auto_finds_the_language_of_what_is_typed(
    connect: Connect, text: str, direction: str, translated: str
) -> None:
    async with connect(direction="auto") as browser:
        await browser.say("text_input", text=text)
        told = await browser.until("translation")
    assert (told["direction"], told["translated"]) == (direction, translated)
    assert told["speaker"]["id"] == direction[:2]


async def test_typed_text_is_translated_where_nothing_can_hear(
    house: House, connect: Connect
) -> None:
    await house.restart(transcriber="none")
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.until("error", code="no_transcriber", about="start_listening")
        await browser.send_sound(say("hola"))
        await browser.say("text_input", text="hola mundo")
        await browser.until("translation")
    assert browser.translations() == ["hello world"]
    assert browser.told("ready")[0]["engines"]["transcriber"]["name"] == "none"
    assert browser.told("ready")[0]["engines"]["transcriber"]["why"] == (
        "HABLA_TRANSCRIBER is none: only typed text is translated."
    )


async def test_who_typed_may_be_said(connect: Connect) -> None:
    async with connect() as browser:
        await browser.say("rename_speaker", speaker_id="en", name="Bob")
        await browser.say("text_input", text="hola", speaker_id="en")
        told = await browser.until("translation")
    assert told["speaker"] == {"id": "en", "name": "Bob"}
    row = await Exchange.objects.select_related("speaker").aget()
    assert row.speaker is not None
    assert (row.speaker.key, row.speaker.name) == ("en", "Bob")


async def test_typed_text_while_listening_is_translated_too(connect: Connect) -> None:
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("hola"))
        await browser.say("text_input", text="gracias")
        await browser.send_sound(say("mundo"))
        await browser.say("stop_listening")
        await browser.until("listening_stopped")
    assert sorted(browser.texts()) == ["gracias", "hola mundo"]
    assert browser.told("listening_stopped")[0]["utterances"] == 2


async def test_many_typed_at_once_are_answered_in_their_order(connect: Connect) -> None:
    async with connect() as browser:
        for word in ("hola", "mundo", "casa", "agua") * 10:
            await browser.say("text_input", text=word)
        await browser.until("translation", utterance_id=40)
    assert browser.texts() == ["hola", "mundo", "casa", "agua"] * 10
    assert [m["utterance_id"] for m in browser.told("translation")] == list(range(1, 41))
