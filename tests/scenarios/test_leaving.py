"""Whenever and however a client leaves, its session ends once, and what was said is kept."""

import asyncio

import pytest

from sessions_app.models import Exchange, TranslationSession
from tests.conftest import Connect
from tests.house import House
from tests.sounds import say, silence


async def kept() -> list[tuple[str, str]]:
    return [(e.source, e.translated) async for e in Exchange.objects.order_by("pk")]


async def reasons() -> list[str]:
    return [row.reason async for row in TranslationSession.objects.all()]


async def test_leaving_in_mid_sentence_keeps_the_sentence(connect: Connect) -> None:
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("hola mundo"))
    assert await kept() == [("hola mundo", "hello world")]
    assert await reasons() == ["client_left"]


async def test_leaving_while_the_transcriber_works_keeps_the_sentence(
    house: House, connect: Connect
) -> None:
    await house.restart(transcriber={"delay_seconds": 0.3})
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("hola mundo") + silence(1))
        await browser.until("speech_ended")
    assert await kept() == [("hola mundo", "hello world")]


async def test_leaving_while_the_translator_works_keeps_the_translation(
    house: House, connect: Connect
) -> None:
    await house.restart(translator={"delay_seconds": 0.3})
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("hola mundo") + silence(1))
        await browser.until("transcript")
    assert await kept() == [("hola mundo", "hello world")]


async def test_leaving_with_much_still_in_line_keeps_all_of_it(connect: Connect) -> None:
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound((say("hola") + silence(1)) * 5)
        await browser.say("text_input", text="gracias")
    assert [source for source, _ in await kept()] == ["hola"] * 5 + ["gracias"]


async def test_leaving_while_stopping_keeps_all_of_it(house: House, connect: Connect) -> None:
    await house.restart(transcriber={"delay_seconds": 0.3})
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("hola mundo"))
        await browser.say("stop_listening")
        await browser.until("speech_ended")
    assert await kept() == [("hola mundo", "hello world")]


async def test_leaving_while_engines_load_ends_at_once_and_leaves_no_row(
    house: House, connect: Connect
) -> None:
    await house.restart_slowly(transcriber={"load_seconds": 60})
    async with connect(is_ready=False) as browser:
        told = await browser.until("loading", message="loading the transcriber fake")
    assert told["progress"] is None
    assert await reasons() == []


async def test_many_leave_while_engines_load(house: House, connect: Connect) -> None:
    await house.restart_slowly(transcriber={"load_seconds": 60})

    async def come_and_go() -> None:
        async with connect(is_ready=False) as browser:
            await browser.until("loading")

    await asyncio.gather(*(come_and_go() for _ in range(10)))
    assert house.registry.sessions == {}


async def test_leaving_right_after_connecting_leaves_nothing_open(connect: Connect) -> None:
    for _ in range(10):
        async with connect(is_ready=False):
            pass
    assert set(await reasons()) <= {"client_left"}


async def test_a_connection_that_breaks_is_told_from_a_client_that_leaves(
    connect: Connect,
) -> None:
    async with connect() as browser:
        await browser.leave(1006)
    assert await reasons() == ["connection_lost"]


async def test_work_that_takes_longer_than_the_drain_is_cut_off(
    house: House, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    await house.restart(transcriber={"delay_seconds": 60}, drain_seconds=0.2)
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("hola mundo") + silence(1))
        await browser.until("speech_ended")
    assert await reasons() == ["client_left_cut_off"]
    row = await TranslationSession.objects.aget()
    assert row.losses == {"unfinished": row.unfinished_samples}
    assert row.unfinished_samples > 0
    assert await kept() == []
