"""A playback ends when the client of its session is gone, though the session waits for it."""

import asyncio

import pytest

from playback_app import service
from playback_app.admission import PlaybackRequest, admit
from playback_app.models import Playback, PlaybackState
from sessions_app.models import Resumption
from sessions_app.store.database.thread import database_thread
from tests.conftest import Connect
from tests.house import House, eventually
from tests.patience import PATIENCE_SECONDS
from tests.recordings import record
from tests.resuming import LOST, numbers, resuming
from tests.sounds import say, silence

LAST_WORDS = ("playback_finished", "playback_stopped", "playback_failed")


async def ended() -> list[tuple[str, str, int]]:
    rows = Playback.objects.order_by("requested_at").values_list("state", "reason", "end_count")
    return [row async for row in rows]


@pytest.mark.parametrize("code", [LOST, 1001, 1005])
@pytest.mark.parametrize("command", ["", "pause_playback"])
async def test_it_is_over_when_the_client_is_gone_and_who_is_back_is_told(
    house: House, connect: Connect, command: str, code: int
) -> None:
    recording = await record(say("hola") + silence(30))
    async with connect(resumable="1") as first:
        await first.say("start_playback", recording_id=str(recording.pk), command=1)
        await first.until("transcript")
        if command:
            await first.say(command, command=2)
            await first.until("playback_paused")
        await first.leave(code)
        [session] = house.registry.sessions.values()
        await eventually(lambda: session.guest is None)
        assert await ended() == [(PlaybackState.STOPPED, "client_away", 1)]
    async with resuming(connect, first) as second:
        stopped = await second.until("playback_stopped")
        assert (stopped["reason"], stopped["recording_id"]) == ("client_away", str(recording.pk))
        await second.say("start_playback", recording_id=str(recording.pk), command=3)
        await second.until("transcript")
        await second.leave()
    assert numbers(first, second) == sorted(set(numbers(first, second)))
    told = [m["type"] for each in (first, second) for m in each.heard if m["type"] in LAST_WORDS]
    assert told == ["playback_stopped"]
    assert await ended() == [
        (PlaybackState.STOPPED, "client_away", 1),
        (PlaybackState.STOPPED, "session_ended", 1),
    ]


async def test_one_that_waits_for_its_turn_is_refused_and_who_is_back_is_told(
    house: House, connect: Connect
) -> None:
    await house.restart(translator={"delay_seconds": 0.5})
    recording = await record(say("hola") + silence(30))
    async with connect(resumable="1") as first:
        await first.say("start_listening", encoding="pcm-s16le", command=1)
        await first.send_sound(say("hola"))
        await first.say("stop_listening", command=2)
        await first.say("start_playback", recording_id=str(recording.pk), command=3)
        await first.until("speech_ended")
        await first.leave(LOST)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await Resumption.objects.aget()).checkpoint["command"] < 3:  # noqa: ASYNC110 -- rows tell nobody
            await asyncio.sleep(0.05)
        while (await Resumption.objects.aget()).checkpoint["undone"]:  # noqa: ASYNC110 -- likewise
            await asyncio.sleep(0.05)
    async with resuming(connect, first) as second:
        assert (await second.until("resumed"))["command"] == 3
        error = await second.until("error")
        assert (error["code"], error["about"]) == ("not_ready", "start_playback")
        assert "is_counted" not in error
        assert await second.still_works()
        await second.leave()
    assert numbers(first, second) == sorted(set(numbers(first, second)))
    assert await ended() == []


async def test_one_that_is_begun_elsewhere_while_the_client_is_gone_is_over_at_once(
    house: House, connect: Connect
) -> None:
    recording = await record(say("hola") + silence(30))
    async with connect(resumable="1") as first:
        await first.leave(LOST)
    [session] = house.registry.sessions.values()
    request = PlaybackRequest(session.user_id, recording.pk, session.id)
    await database_thread.run(admit, request)
    await service.poll_playbacks(house.registry, is_beat=False)
    assert await ended() == [(PlaybackState.STOPPED, "client_away", 1)]
    async with resuming(connect, first) as second:
        await second.until("resumed")
        await second.leave()
