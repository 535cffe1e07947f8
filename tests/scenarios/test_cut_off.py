"""A session that is cut off: whatever it accepted is kept or told, however slow the rest is."""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet

from sessions_app.live import session
from sessions_app.models import Exchange, TranslationSession
from sessions_app.pipeline import interpreter
from sessions_app.store.database import write_behind
from sessions_app.store.database.thread import database_thread
from tests.conftest import Connect
from tests.house import House
from tests.sounds import say, silence

WORDS = ("hola", "mundo", "gracias", "agua", "casa", "roja", "sí", "no")


def rows() -> QuerySet[Exchange]:
    return Exchange.objects.select_related("speaker").order_by("pk")


async def kept() -> list[tuple[str, str]]:
    return [(e.source, e.translated) async for e in rows()]


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the errors in the log, each without what it is about; after that there are none."""
    records = caplog.get_records("call")
    errors = [r.getMessage() for r in records if r.levelno >= logging.ERROR]
    records.clear()
    return [line.rpartition(": ")[2] for line in errors]


@asynccontextmanager
async def slow_writes(seconds: float) -> AsyncIterator[None]:
    """Have each exchange take ``seconds`` to be written."""

    def slow(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith('INSERT INTO "sessions_app_exchange"'):
            time.sleep(seconds)
        return execute(sql, *rest)

    def end() -> None:
        connection.execute_wrappers.remove(slow)

    await database_thread.run(lambda: connection.execute_wrappers.append(slow))
    yield
    await database_thread.run(end)


async def test_words_are_kept_even_if_their_stream_is_not_closed_in_time(
    house: House,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(session, "CLOSE_SECONDS", 0.3)
    await house.restart(translator={"delay_seconds": 60}, drain_seconds=0.2)
    let_go = threading.Event()
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("hola mundo") + silence(1))
        await browser.until("transcript")
        (live,) = house.registry.sessions.values()
        assert live.generation is not None
        holding_up = asyncio.create_task(live.generation.sound.do(let_go.wait))
        await browser.send_sound(say("agua"))
    let_go.set()
    await holding_up
    assert logged(caplog) == ["closing its pipeline failed"]
    assert await kept() == [("hola mundo", "")]


async def test_all_words_that_wait_are_kept_however_long_each_takes_to_be_written(
    house: House,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(session, "CLOSE_SECONDS", 0.5)
    monkeypatch.setattr(write_behind, "LATE_SECONDS", 0.3)
    await house.restart(translator={"delay_seconds": 60}, drain_seconds=0.2)
    async with slow_writes(0.2):
        async with connect() as browser:
            for word in WORDS:
                await browser.say("text_input", text=word)
            await browser.until("transcript", text=WORDS[-1])
        await write_behind.behind.join()
    assert logged(caplog) == ["the database gives no answer for 2 s; what is to be kept waits"]
    assert await kept() == [(word, "") for word in WORDS]
    assert (await TranslationSession.objects.aget()).reason == "client_left_cut_off"


async def test_what_was_typed_and_still_stands_in_line_is_kept(
    house: House, connect: Connect
) -> None:
    await house.restart(translator={"delay_seconds": 60}, drain_seconds=0.2)
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("hola mundo") + silence(1))
        await browser.until("transcript")
        await browser.say("stop_listening")
        await browser.say("text_input", text="gracias")
        await browser.say("text_input", text="water", speaker_id="en")
    assert await kept() == [("hola mundo", ""), ("gracias", ""), ("water", "")]
    speakers = [e.speaker and e.speaker.key async for e in rows()]
    assert speakers == ["es", "es", "en"]


async def test_what_was_typed_after_a_change_of_direction_is_kept_in_that_direction(
    house: House, connect: Connect
) -> None:
    await house.restart(translator={"delay_seconds": 60}, drain_seconds=0.2)
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("hola mundo") + silence(1))
        await browser.until("transcript")
        await browser.say("stop_listening")
        await browser.say("set_direction", direction="en_to_es")
        await browser.say("text_input", text="water")
    assert await kept() == [("hola mundo", ""), ("water", "")]
    assert [e.direction async for e in rows()] == ["es_to_en", "en_to_es"]


async def test_what_was_typed_while_no_more_found_room_is_kept(
    house: House, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interpreter, "UTTERANCES_WAITING", 2)
    await house.restart(translator={"delay_seconds": 60}, drain_seconds=0.2)
    async with connect() as browser:
        for word in WORDS:
            await browser.say("text_input", text=word)
        assert await browser.still_works()
    assert await kept() == [(word, "") for word in WORDS]


async def test_a_client_that_is_still_there_is_told_which_commands_were_left_out(
    house: House, connect: Connect
) -> None:
    await house.restart(translator={"delay_seconds": 60}, drain_seconds=0.2)
    async with connect() as browser:
        await browser.say("text_input", text="hola")
        await browser.say("new_conversation")
        await browser.say("set_mode", mode="classroom")
        await browser.say("set_mode", mode="conversation")
        assert await browser.still_works()
        await house.registry.drain(15)
        await browser.close_code()
        left_out = [("not_ready", "new_conversation"), ("not_ready", "set_mode")]
        assert browser.problems() == [("translation_failed", 1), *left_out]
        assert browser.heard[-1]["type"] == "closed"
    house.registry.is_draining = False
    assert await kept() == [("hola", "")]
