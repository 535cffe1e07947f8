"""A client may ask that nothing of its sound is kept; the server's setting is the most that is."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from sessions_app.config import conf
from sessions_app.models import Exchange, RecordedSegment, Recording
from tests.conftest import Connect
from tests.house import Client, House
from tests.resuming import LOST, resuming
from tests.sounds import say, silence

Unkept = Callable[[], Awaitable[bool]]
HOLA = silence(0.3) + say("hola mundo") + silence(1.0)


async def listen(browser: Client, **fields: object) -> None:
    await browser.say("start_listening", encoding="pcm-s16le", **fields)


def files_of_sound() -> set[Path]:
    return {path for path in conf.recordings_dir().rglob("??/**/*") if path.is_file()}


@pytest.fixture
def nothing_is_kept(house: House) -> Unkept:
    """Return a function that says whether there is no row and no file of any sound since."""
    before = files_of_sound()

    async def look() -> bool:
        rows = [await table.objects.acount() for table in (Recording, RecordedSegment)]
        return rows == [0, 0] and files_of_sound() <= before

    return look


async def test_a_client_that_does_not_want_it_has_nothing_of_its_sound_kept(
    connect: Connect, nothing_is_kept: Unkept
) -> None:
    async with connect() as browser:
        await listen(browser, record=False)
        await browser.send_sound(HOLA)
        await browser.say("stop_listening")
        await browser.until("listening_stopped")
    assert browser.told("ready")[0]["may_record"] is True
    assert browser.told("listening_started")[0]["recording"] is None
    assert browser.translations() == ["hello world"]
    assert [row.source async for row in Exchange.objects.all()] == ["hola mundo"]
    assert await nothing_is_kept()
    assert browser.problems() == []


async def test_each_listening_period_is_asked_for_by_itself(connect: Connect) -> None:
    async with connect() as browser:
        for record in (True, False, None):
            await listen(browser, **({} if record is None else {"record": record}))
            await browser.send_sound(HOLA)
            await browser.say("stop_listening")
            await browser.until("listening_stopped")
    told = [message["recording"] for message in browser.told("listening_started")]
    kept = [str(row.pk) async for row in Recording.objects.order_by("started_at")]
    assert told == [kept[0], None, kept[1]]
    assert len(browser.translations()) == 3


async def test_a_server_that_does_not_record_cannot_be_asked_to(
    house: House, connect: Connect, nothing_is_kept: Unkept
) -> None:
    await house.restart(recording="off")
    async with connect() as browser:
        await listen(browser, record=True)
        await browser.send_sound(HOLA)
        await browser.say("stop_listening")
        await browser.until("listening_stopped")
    assert browser.told("ready")[0]["may_record"] is False
    assert browser.told("listening_started")[0]["recording"] is None
    assert await nothing_is_kept()


async def test_a_stream_that_is_not_kept_is_not_kept_when_its_client_is_back(
    connect: Connect, nothing_is_kept: Unkept
) -> None:
    async with connect(resumable="1") as first:
        await listen(first, record=False, command=1)
        await first.send_sound(HOLA)
        await first.until("translation")
        await first.leave(LOST)
    async with resuming(connect, first) as again:
        resumed = await again.until("resumed")
        assert (resumed["listening"], resumed["recording"]) == (True, None)
        assert resumed["may_record"] is True
        await again.send_sound(HOLA)
        await again.say("stop_listening", command=2)
        await again.until("listening_stopped")
        await again.leave()
    assert [row.source async for row in Exchange.objects.all()] == ["hola mundo"] * 2
    assert await nothing_is_kept()


async def test_nor_by_the_next_process(
    house: House, connect: Connect, nothing_is_kept: Unkept
) -> None:
    async with connect(resumable="1") as first:
        await listen(first, record=False, command=1)
        await first.send_sound(HOLA)
        await first.until("translation")
        await first.leave(LOST)
    await house.restart()
    async with resuming(connect, first) as again:
        ready = await again.until("ready")
        rest = HOLA[ready["continues"]["bytes"] :]
        await listen(again, record=False, command=1)
        await again.send_sound(rest + HOLA)
        await again.say("stop_listening", command=2)
        await again.until("listening_stopped")
        await again.leave()
    assert [row.source async for row in Exchange.objects.all()] == ["hola mundo"] * 2
    assert await nothing_is_kept()


async def test_what_is_cut_off_of_it_is_not_caught_up_on(
    house: House, connect: Connect, nothing_is_kept: Unkept
) -> None:
    await house.restart(transcriber={"delay_seconds": 30}, drain_seconds=0.1)
    async with connect() as browser:
        await listen(browser, record=False)
        await browser.send_sound(HOLA)
        await browser.until("speech_ended")
    await house.restart(transcriber={"delay_seconds": 0}, drain_seconds=15)
    assert await nothing_is_kept()
    assert await Exchange.objects.acount() == 0


@pytest.mark.parametrize("record", [1, "no", None])
async def test_only_a_clear_wish_is_one(connect: Connect, record: object) -> None:
    async with connect() as browser:
        await listen(browser, record=record)
        await browser.until("error")
        assert await browser.still_works()
    assert browser.problems() == [("bad_field", "start_listening")]
    assert not browser.told("listening_started")
