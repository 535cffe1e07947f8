"""Directions: chosen, changed or detected; refused where no engine knows the language."""

import pytest

from tests.conftest import Connect
from tests.house import House
from tests.scenarios.engines import RECALLING
from tests.sounds import say, silence


async def test_a_new_direction_counts_from_the_next_utterance_on(connect: Connect) -> None:
    async with connect(direction="es_to_en") as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("hola"))
        await browser.until("speech_started")
        await browser.say("set_direction", direction="en_to_es")
        await browser.send_sound(say("mundo") + silence(1) + say("red house"))
        await browser.say("stop_listening")
        await browser.until("listening_stopped")
    assert browser.translations() == ["hello world", "roja casa"]
    assert [m["direction"] for m in browser.told("transcript")] == ["es_to_en", "en_to_es"]


async def test_a_new_direction_does_not_overtake_the_sound_sent_before_it(
    connect: Connect,
) -> None:
    async with connect(direction="es_to_en") as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound((say("hola mundo") + silence(1)) * 3)
        await browser.say("set_direction", direction="en_to_es")
        await browser.send_sound(say("red house"))
        await browser.say("stop_listening")
        await browser.until("listening_stopped")
    assert browser.translations() == ["hello world"] * 3 + ["roja casa"]


async def test_a_new_mode_counts_from_what_comes_after_it(house: House, connect: Connect) -> None:
    await house.restart(translator=RECALLING)
    async with connect() as browser:
        await browser.say("text_input", text="hola")
        await browser.say("set_mode", mode="classroom")
        await browser.say("text_input", text="hola")
        await browser.until("translation", utterance_id=2)
    assert [text.split()[0] for text in browser.translations()] == ["conversation", "classroom"]
    assert [m["mode"] for m in browser.told("mode_changed")] == ["classroom"]


async def test_auto_hears_two_people_take_turns(connect: Connect) -> None:
    turns = ["hola mundo la casa", "the house is red", "quiero agua gracias", "want water thanks"]
    async with connect(direction="auto") as browser:
        await browser.speak(b"".join(say(turn) + silence(1) for turn in turns))
    assert browser.texts() == turns
    assert [m["direction"] for m in browser.told("translation")] == ["es_to_en", "en_to_es"] * 2
    assert [m["speaker"]["id"] for m in browser.told("transcript")] == ["es", "en"] * 2
    assert browser.translations() == [
        "hello world the house",
        "la casa es roja",
        "want water thanks",
        "quiero agua gracias",
    ]


async def test_an_english_engine_refuses_to_listen_to_spanish_in_words(
    house: House, connect: Connect
) -> None:
    await house.restart(transcriber={"languages": ["en"]})
    async with connect(direction="es_to_en") as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        told = await browser.until("error", about="start_listening")
        assert (told["code"], told["message"]) == (
            "language_not_supported",
            "The engine that listens here does not know Spanish; typed text is translated.",
        )
        await browser.say("text_input", text="hola mundo")
        await browser.say("set_direction", direction="en_to_es")
        await browser.speak(say("hello world"))
    assert browser.translations() == ["hello world", "hola mundo"]
    assert browser.told("ready")[0]["engines"]["transcriber"]["languages"] == ["en"]


async def test_an_english_engine_told_in_mid_speech_to_hear_spanish_says_that_it_cannot(
    house: House, connect: Connect
) -> None:
    await house.restart(transcriber={"languages": ["en"]})
    async with connect(direction="en_to_es") as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("hello world") + silence(1))
        await browser.say("set_direction", direction="es_to_en")
        await browser.send_sound(say("hola mundo"))
        await browser.say("stop_listening")
        await browser.until("listening_stopped")
    assert browser.translations() == ["hola mundo"]
    assert browser.problems() == [("language_not_supported", 2)]


async def test_an_english_engine_listens_in_auto_and_says_that_it_hears_nothing_else(
    house: House, connect: Connect
) -> None:
    await house.restart(transcriber={"languages": ["en"]})
    async with connect(direction="auto") as browser:
        await browser.speak(say("hello world"))
    assert browser.translations() == ["hola mundo"]
    assert browser.problems() == [("only_one_language", "start_listening")]
    warning = browser.told("error")[0]
    assert warning["message"] == "Only English is heard here; any other speech is taken for it."
    assert warning["fatal"] is False


async def test_an_english_engine_that_listens_warns_when_auto_is_chosen(
    house: House, connect: Connect
) -> None:
    await house.restart(transcriber={"languages": ["en"]})
    async with connect(direction="en_to_es") as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.say("set_direction", direction="auto")
        await browser.send_sound(say("hello world"))
        await browser.say("stop_listening")
        await browser.until("listening_stopped")
    assert browser.translations() == ["hola mundo"]
    assert browser.problems() == [("only_one_language", "set_direction")]


async def test_an_engine_that_hears_both_languages_warns_of_nothing(connect: Connect) -> None:
    async with connect(direction="auto") as browser:
        await browser.speak(say("hello world"))
    assert browser.problems() == []


@pytest.mark.parametrize("direction", ["es_to_en", "en_to_es", "auto"])
async def test_a_change_of_direction_is_confirmed(connect: Connect, direction: str) -> None:
    async with connect() as browser:
        await browser.say("set_direction", direction=direction)
        assert (await browser.until("direction_changed"))["direction"] == direction
