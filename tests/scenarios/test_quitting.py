"""The server quits while clients are connected: they are told, and get what was in progress."""

from sessions_app.models import Exchange, TranslationSession
from tests.conftest import Connect
from tests.house import House
from tests.sounds import say


async def test_a_sentence_in_the_middle_is_finished_before_the_goodbye(
    house: House, connect: Connect
) -> None:
    await house.restart(transcriber={"delay_seconds": 0.1})
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("hola mundo"))
        await browser.until("speech_started")
        departure = await house.registry.drain(3)
        assert await browser.close_code() == 4012
    kinds = [m["type"] for m in browser.heard if m["type"] != "partial"]
    assert kinds[-6:] == [
        "going_away",
        "speech_ended",
        "transcript",
        "translation",
        "listening_stopped",
        "closed",
    ]
    assert (departure.sessions, departure.cut_off, departure.stuck) == (1, 0, 0)
    assert [e.source async for e in Exchange.objects.all()] == ["hola mundo"]


async def test_work_that_takes_too_long_is_cut_off_and_said_to_be(
    house: House, connect: Connect
) -> None:
    await house.restart(transcriber={"delay_seconds": 60})
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("hola mundo"))
        await browser.until("speech_started")
        departure = await house.registry.drain(0.2)
        assert await browser.close_code() == 4012
    assert (departure.sessions, departure.cut_off, departure.stuck) == (1, 1, 0)
    assert [row.reason async for row in TranslationSession.objects.all()] == [
        "server_quits_cut_off"
    ]


async def test_who_comes_while_it_quits_is_refused_in_words(house: House, connect: Connect) -> None:
    house.registry.is_draining = True
    async with connect(is_ready=False) as browser:
        assert await browser.close_code() == 4012
    assert [(m["code"], m["fatal"]) for m in browser.told("error")] == [("server_quits", True)]


async def test_who_waits_for_engines_is_told_that_it_quits(house: House, connect: Connect) -> None:
    await house.restart_slowly(transcriber={"load_seconds": 60})
    async with connect(is_ready=False) as browser:
        await browser.until("loading")
        departure = await house.registry.drain(3)
        assert await browser.close_code() == 4012
    assert [m["type"] for m in browser.heard[-2:]] == ["going_away", "closed"]
    assert (departure.cut_off, departure.stuck) == (0, 0)
