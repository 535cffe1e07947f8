"""One person speaks: which messages come, in which order, and what is stored."""

from sessions_app.models import Exchange
from tests.conftest import Connect
from tests.sounds import say, silence


async def test_a_sentence_is_told_translated_and_kept(connect: Connect) -> None:
    async with connect(direction="es_to_en") as browser:
        await browser.speak(say("hola mundo"))
    assert browser.texts() == ["hola mundo"]
    assert [t["translated"] for t in browser.told("translation")] == ["hello world"]
    assert [e.translated async for e in Exchange.objects.all()] == ["hello world"]
    assert browser.told("translation")[0]["exchange_id"] == (await Exchange.objects.aget()).pk


async def test_the_events_of_an_utterance_come_in_their_order(connect: Connect) -> None:
    async with connect() as browser:
        await browser.speak(say("hola mundo la casa") + silence(1))
    kinds = [m["type"] for m in browser.heard if m["type"] != "partial"]
    assert kinds == [
        "ready",
        "listening_started",
        "speech_started",
        "speech_ended",
        "transcript",
        "translation",
        "listening_stopped",
    ]


async def test_leaving_in_mid_sentence_still_keeps_the_exchange(connect: Connect) -> None:
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("hola mundo"))
    assert [e.source async for e in Exchange.objects.all()] == ["hola mundo"]
