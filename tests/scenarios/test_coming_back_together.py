"""Whoever comes back at an awkward moment gets the session, and the session one client at a time.

Two come at once, or while another process's session is still being taken up; the time is nearly
over, the server is full or quits; an answer is lost.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from django.db import connection

from sessions_app.config import conf
from sessions_app.models import Recording, RecordingState, Resumption, TranslationSession
from sessions_app.recording.recovery import recover_recordings
from sessions_app.store import ownership
from sessions_app.store.database.write_behind import behind
from tests.conftest import Connect
from tests.house import Client, House, eventually
from tests.resuming import LOST, numbers, resuming, seen_by
from tests.sounds import say, silence


async def who_typed(connect: Connect) -> Client:
    """Return a client that typed something and lost its connection."""
    async with connect(resumable="1") as first:
        await first.say("text_input", text="hola", command=1)
        await first.until("translation")
        await first.leave(LOST)
    return first


def session_of(browser: Client) -> str:
    """Return the session that a client was greeted for last."""
    return [str(m["session_id"]) for m in browser.heard if m["type"] in ("ready", "resumed")][-1]


def parts() -> list[Path]:
    """Return the files of recordings that are not complete."""
    return list(conf.recordings_dir().glob("**/*.part"))


async def reasons() -> list[str]:
    return [row.reason async for row in TranslationSession.objects.order_by("started_at")]


@asynccontextmanager
async def writes_wait() -> AsyncIterator[None]:
    """Let nothing be written until this is left; what is read is answered."""
    await behind.join()
    name = connection.settings_dict["NAME"]
    with closing(sqlite3.connect(name, timeout=5, isolation_level=None)) as other:
        other.execute("begin immediate")
        yield
        other.execute("commit")


# --- two at once


async def test_of_two_that_come_at_once_one_has_the_session(connect: Connect) -> None:
    first = await who_typed(connect)
    async with resuming(connect, first) as one, resuming(connect, first) as other:
        await asyncio.gather(one.until("resumed"), other.until("resumed"))
        assert await one.close_code() == 4414
        assert one.told("closed") == [{"type": "closed", "reason": "taken_over"}]
        await other.leave(LOST)
    async with resuming(connect, other) as third:  # its ticket is good, though nothing came over it
        assert session_of(other) == (await third.until("resumed"))["session_id"]
        await third.leave()
    assert await reasons() == ["client_left"]


async def test_of_two_that_come_to_the_next_process_at_once_one_has_the_session(
    house: House, connect: Connect
) -> None:
    first = await who_typed(connect)
    await house.restart()
    async with resuming(connect, first) as one, resuming(connect, first) as other:
        greeted, told = await asyncio.gather(one.until("resumed"), other.until("resumed"))
        assert greeted["session_id"] == told["session_id"] == session_of(first)
        assert greeted["handed_over"]
        assert told["handed_over"]
        assert await one.close_code() == 4414
        await other.say("text_input", text="gracias", command=2)
        await other.until("translation", source="gracias")
        await other.leave()
    assert await reasons() == ["client_left"]


async def test_who_comes_again_while_the_engines_load_gets_the_session(
    house: House, connect: Connect
) -> None:
    first = await who_typed(connect)
    await house.restart_slowly(transcriber={"load_seconds": 1})
    async with resuming(connect, first) as second:
        await second.until("loading")
        await second.leave(LOST)
    async with resuming(connect, first) as third:
        assert (await third.until("resumed"))["session_id"] == session_of(first)
        assert third.told("resumed")[0]["handed_over"]
        await third.leave()
    assert await reasons() == ["client_left"]


async def test_who_loses_the_connection_while_the_engines_load_may_come_to_a_third_process(
    house: House, connect: Connect
) -> None:
    first = await who_typed(connect)
    await house.restart_slowly(transcriber={"load_seconds": 60})
    async with resuming(connect, first) as second:
        await second.until("loading")
        await second.leave(LOST)
    await house.restart(transcriber={})
    async with resuming(connect, first) as third:
        assert (await third.until("resumed"))["session_id"] == session_of(first)
        await third.leave()
    assert await reasons() == ["client_left"]


async def test_who_comes_to_the_next_process_is_greeted_before_it_is_told_anything(
    house: House, connect: Connect
) -> None:
    async with connect(resumable="1") as first:
        await first.say("start_listening", encoding="pcm-s16le", command=1)
        await first.send_sound(say("hola") + silence(1) + say("gracias"))
        await first.until("translation")
        await first.leave(LOST)
    await house.restart()
    async with resuming(connect, first) as second:
        await second.until("resumed")
        await second.say("stop_listening", command=2)
        await second.until("listening_stopped")
        await second.leave()
    told = [m["type"] for m in second.heard if m["type"] != "loading"]
    assert told[0] == "resumed"
    assert second.texts() == ["gracias"]
    assert numbers(first, second) == sorted(set(numbers(first, second)))


# --- a lost answer


async def test_who_has_no_ticket_yet_is_not_waited_for(house: House, connect: Connect) -> None:
    await house.restart(max_sessions=100)
    waiting = 0
    for turns in range(60):
        async with connect(resumable="1", is_ready=False) as browser:
            for _ in range(turns):
                await asyncio.sleep(0)
            await browser.leave(LOST)
            waiting += await heard_it_is_ready(browser)
        assert len(house.registry.sessions) == waiting


async def heard_it_is_ready(browser: Client) -> bool:
    try:
        return await browser.until_any("ready") == "ready"
    except ConnectionError:
        return False


async def test_where_another_session_continues_it_a_lost_answer_loses_nothing(
    house: House, connect: Connect
) -> None:
    await house.restart(resume_seconds=0.3)
    async with connect(resumable="1") as first:
        await first.say("start_listening", encoding="pcm-s16le", command=1)
        await first.send_sound(say("hola"))
        await first.leave(LOST)
        await eventually(lambda: not house.registry.sessions)
    for _ in range(2):
        async with resuming(connect, first) as lost:
            assert (await lost.until("ready"))["continues"] == {
                "stream": 1,
                "bytes": len(say("hola")),
            }
            await lost.leave(LOST)
    async with resuming(connect, first) as second:
        await second.until("ready")
        assert await second.still_works()
        await second.leave()
    async with resuming(connect, first) as late:
        await late.until("error", code="resume_unknown")
        await late.leave()
    await eventually(lambda: not house.registry.sessions)


# --- when the time is nearly over


async def test_who_comes_in_time_is_waited_for(house: House, connect: Connect) -> None:
    await house.restart(resume_seconds=0.5)
    first = await who_typed(connect)
    async with writes_wait():
        coming = resuming(connect, first)
        second = await coming.__aenter__()
        await asyncio.sleep(1)  # less than makes the database late
    assert (await second.until("resumed"))["session_id"] == session_of(first)
    await coming.__aexit__(None, None, None)
    await eventually(lambda: not house.registry.sessions)
    assert await reasons() == ["client_left"]


# --- a server that has no room, or quits


async def test_who_finds_the_next_process_full_may_come_again(
    house: House, connect: Connect
) -> None:
    first = await who_typed(connect)
    await house.restart(max_sessions=1)
    async with connect():
        for _ in range(2):
            async with resuming(connect, first) as second:
                assert await second.close_code() == 4013
    async with resuming(connect, first) as third:
        assert (await third.until("resumed"))["session_id"] == session_of(first)
        await third.leave()
    assert await reasons() == ["client_left"] * 2


async def test_who_was_refused_and_stays_away_ends_it(house: House, connect: Connect) -> None:
    async with connect(resumable="1") as first:
        await first.say("start_listening", encoding="pcm-s16le", command=1)
        await first.send_sound(say("hola"))
        await first.until("speech_started")
        await first.leave(LOST)
    await house.restart(max_sessions=1)
    async with connect(), resuming(connect, first) as second:
        assert await second.close_code() == 4013
    assert parts() != []
    await Resumption.objects.aupdate(seconds=0)
    await ownership.mark_lost(house.registry.boot)
    await recover_recordings(house.registry.boot)
    assert await reasons() == ["not_resumed_cut_off", "client_left"]
    assert [r.state async for r in Recording.objects.all()] == [RecordingState.SALVAGED]
    assert parts() == []


async def test_who_comes_while_the_server_quits_keeps_the_ticket(
    house: House, connect: Connect
) -> None:
    await house.restart(translator={"delay_seconds": 1})
    async with connect(resumable="1") as first:
        await first.say("text_input", text="hola", command=1)
        await first.until("transcript")
        await first.leave(LOST)
    quitting = asyncio.create_task(house.restart())
    await eventually(lambda: house.registry.is_draining)
    async with resuming(connect, first) as second:
        assert await second.close_code() == 4012
        assert [code for code, _ in second.problems()] == ["server_quits"]
    await quitting
    async with resuming(connect, first) as third:
        assert (await third.until("resumed"))["events_from"] == seen_by(first) + 1
        assert (await third.until("translation"))["source"] == "hola"
        await third.leave()


async def test_where_nothing_is_resumed_any_more_a_session_begins(
    house: House, connect: Connect
) -> None:
    first = await who_typed(connect)
    await house.restart(resume_seconds=0)
    async with resuming(connect, first) as second:
        await second.until("error", code="resume_unknown")
        assert (await second.until("ready"))["session_id"] != session_of(first)
        await second.leave()
    await Resumption.objects.aupdate(seconds=0)
    await ownership.mark_lost(house.registry.boot)
    assert await reasons() == ["not_resumed", "client_left"]
