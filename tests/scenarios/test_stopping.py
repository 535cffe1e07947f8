"""Stopping: everything sent before is transcribed, and listening can begin again."""

from sessions_app.models import Exchange
from tests.conftest import Connect
from tests.house import House
from tests.sounds import say, silence, webm


async def test_all_that_was_sent_before_stop_is_heard_before_it_is_answered(
    house: House, connect: Connect
) -> None:
    await house.restart(transcriber={"delay_seconds": 0.05}, translator={"delay_seconds": 0.05})
    async with connect() as browser:
        await browser.speak((say("hola mundo") + silence(1)) * 4 + say("gracias"))
    assert browser.translations() == ["hello world"] * 4 + ["thanks"]
    assert browser.heard[-1]["type"] == "listening_stopped"


async def test_the_last_syllable_of_an_encoded_stream_is_heard(connect: Connect) -> None:
    async with connect() as browser:
        await browser.say("start_listening", encoding="webm-opus")
        await browser.send_bytes(webm(say("la casa es roja")))
        await browser.say("stop_listening")
        await browser.until("listening_stopped")
    assert browser.texts() == ["la casa es roja"]


async def test_stop_is_answered_with_what_was_heard(connect: Connect) -> None:
    async with connect() as browser:
        await browser.speak(say("hola mundo") + silence(1) + say("gracias"))
    told = browser.told("listening_stopped")[0]
    assert told["utterances"] == 2
    assert told["received_seconds"] == 1.75
    assert 0.6 < told["speech_seconds"] < 1.75
    assert told["dropped_seconds"] == 0


async def test_stopping_without_a_word_is_fine(connect: Connect) -> None:
    async with connect() as browser:
        await browser.speak(b"")
        await browser.speak(silence(2))
    assert browser.problems() == []
    assert [m["utterances"] for m in browser.told("listening_stopped")] == [0, 0]
    assert [m["received_seconds"] for m in browser.told("listening_stopped")] == [0, 2]
    assert await Exchange.objects.acount() == 0


async def test_a_second_period_has_a_clock_of_its_own(connect: Connect) -> None:
    async with connect() as browser:
        await browser.speak(say("hola mundo") + silence(2))
        await browser.speak(silence(1) + say("gracias"))
    first, second = browser.told("transcript")
    assert (first["utterance_id"], second["utterance_id"]) == (1, 2)
    assert first["start_seconds"] == 0
    assert 0.6 < second["start_seconds"] < 1
    rows = [row async for row in Exchange.objects.order_by("utterance_id")]
    began = rows[0].start_seconds
    assert 2.5 <= rows[1].start_seconds - second["start_seconds"] - began < 5


async def test_stopping_twice_is_told(connect: Connect) -> None:
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.say("stop_listening")
        await browser.say("stop_listening")
        await browser.until("error", code="not_listening", about="stop_listening")
        await browser.speak(say("hola"))
    assert browser.texts() == ["hola"]


async def test_starting_twice_is_told_and_the_first_start_holds(connect: Connect) -> None:
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("hola"))
        await browser.say("start_listening", encoding="webm-opus")
        await browser.send_sound(say("mundo"))
        await browser.say("stop_listening")
        await browser.until("listening_stopped")
    assert browser.problems() == [("already_listening", "start_listening")]
    assert browser.texts() == ["hola mundo"]


async def test_noise_too_short_for_a_word_is_told_as_discarded(connect: Connect) -> None:
    async with connect() as browser:
        await browser.speak(say("hola")[:1_600] + silence(1))
    assert [m["reason"] for m in browser.told("discarded")] == ["too_short"]
    assert browser.texts() == []


async def test_pings_are_answered_while_engines_work(house: House, connect: Connect) -> None:
    await house.restart(transcriber={"delay_seconds": 0.3})
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("hola") + silence(1))
        await browser.say("stop_listening")
        await browser.until("speech_ended")
        assert await browser.still_works()
        assert browser.texts() == []
        await browser.until("listening_stopped")
    assert browser.texts() == ["hola"]


async def test_a_ping_is_answered_with_whatever_it_carried(connect: Connect) -> None:
    async with connect() as browser:
        for t in (1, 1.5, "x", None, [1, {"a": "é"}], True, 0):
            await browser.say("ping", t=t)
            assert (await browser.until("pong")).get("t") == t
        await browser.say("ping")
        assert await browser.until("pong") == {"type": "pong"}
