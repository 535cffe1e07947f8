"""A recording is played into a live session, and transcribed as if it were being spoken."""

import hashlib

import pytest

from playback_app.models import Playback, PlaybackState
from sessions_app.core.audio import Encoding
from sessions_app.models import Exchange, Recording, TranslationSession
from sessions_app.recording import files
from tests.conftest import Connect
from tests.house import Client, House
from tests.recordings import record
from tests.sounds import say, silence

TALK = say("hola mundo") + silence(1) + say("agua") + silence(0.3)
LAST_WORDS = ("playback_finished", "playback_stopped", "playback_failed")


async def play(browser: Client, recording: Recording, **fields: object) -> str:
    await browser.say("start_playback", recording_id=str(recording.pk), **fields)
    return await browser.until_any(*LAST_WORDS, "error")


def last_words(browser: Client) -> list[str]:
    return [message["type"] for message in browser.heard if message["type"] in LAST_WORDS]


async def states() -> list[tuple[str, str, int]]:
    rows = Playback.objects.order_by("requested_at").values_list("state", "reason", "end_count")
    return [row async for row in rows]


@pytest.mark.parametrize("encoding", Encoding)
async def test_a_recording_is_heard_to_its_end(
    house: House, connect: Connect, encoding: Encoding
) -> None:
    recording = await record(TALK, encoding)
    path = files.new_sound_path(recording.pk, encoding)
    before = hashlib.sha256(path.read_bytes()).digest()
    async with connect() as browser:
        assert await play(browser, recording, speed=0) == "playback_finished"
        assert browser.texts() == ["hola mundo", "agua"]
        assert browser.told("listening_started") == []
        assert await browser.still_works()
    assert await states() == [(PlaybackState.FINISHED, "", 1)]
    assert hashlib.sha256(path.read_bytes()).digest() == before
    row = await Playback.objects.aget()
    marks = [e.origin async for e in Exchange.objects.all()]
    assert marks == [row.pk, row.pk]
    assert row.engines["transcriber"]["name"] == "fake"


async def test_the_last_word_comes_after_the_last_result(house: House, connect: Connect) -> None:
    await house.restart(translator={"delay_seconds": 0.3})
    recording = await record(TALK)
    async with connect() as browser:
        await play(browser, recording, speed=0)
        kinds = [m["type"] for m in browser.heard if m["type"] in ("translation", *LAST_WORDS)]
        assert kinds == ["translation", "translation", "playback_finished"]
        (finished,) = browser.told("playback_finished")
        assert finished["position_seconds"] == pytest.approx(2.05, abs=0.01)
        assert finished["duration_seconds"] == pytest.approx(2.05, abs=0.01)


async def test_segments_go_straight_to_their_words(house: House, connect: Connect) -> None:
    recording = await record(TALK, segments=("hola mundo", "agua"))
    async with connect() as browser:
        assert await play(browser, recording, mode="segments", speed=0) == "playback_finished"
        assert browser.texts() == ["hola mundo", "agua"]
        assert browser.told("speech_started") == []
    assert await Exchange.objects.exclude(origin=None).acount() == 2


async def test_one_playback_follows_the_other(house: House, connect: Connect) -> None:
    recording = await record(say("hola"))
    async with connect() as browser:
        for _ in range(3):
            assert await play(browser, recording, speed=0) == "playback_finished"
        await browser.speak(say("agua"))
        assert browser.texts() == ["hola", "hola", "hola", "agua"]
    marks = [e.origin is None async for e in Exchange.objects.order_by("pk")]
    assert marks == [False, False, False, True]


async def test_it_is_held_goes_on_and_is_stopped(house: House, connect: Connect) -> None:
    recording = await record(say("hola") + silence(30))
    async with connect() as browser:
        await browser.say("start_playback", recording_id=str(recording.pk))
        await browser.until("playback_progress")
        for _ in range(2):
            await browser.say("pause_playback")
        await browser.until("playback_paused")
        await browser.still_works()
        row = await Playback.objects.aget()
        assert row.state == PlaybackState.PAUSED
        await browser.say("resume_playback")
        await browser.until("playback_resumed")
        for _ in range(3):
            await browser.say("stop_playback")
        await browser.until("playback_stopped", reason="asked")
        await browser.still_works()
        assert last_words(browser) == ["playback_stopped"]
        assert len(browser.told("playback_paused")) == 1
        assert browser.problems() == []
    assert await states() == [(PlaybackState.STOPPED, "asked", 1)]


@pytest.mark.parametrize("command", ["", "pause_playback"])
async def test_leaving_stops_it(house: House, connect: Connect, command: str) -> None:
    recording = await record(say("hola") + silence(30))
    async with connect() as browser:
        await browser.say("start_playback", recording_id=str(recording.pk))
        await browser.until("transcript")
        if command:
            await browser.say(command)
            await browser.until("playback_paused")
    assert await states() == [(PlaybackState.STOPPED, "session_ended", 1)]
    assert (await TranslationSession.objects.aget()).reason == "client_left"
    async with connect() as browser:  # the tab reloads, and plays it again
        await browser.say("start_playback", recording_id=str(recording.pk))
        await browser.until("transcript")


async def test_an_abort_stops_it_too(house: House, connect: Connect) -> None:
    recording = await record(say("hola") + silence(30))
    async with connect() as browser:
        await browser.say("start_playback", recording_id=str(recording.pk))
        house.registry.abort()
        await browser.until("closed")
        assert len(last_words(browser)) <= 1
    assert await Playback.objects.exclude(end_count=1).acount() == 0


async def test_a_new_conversation_stops_it_first(house: House, connect: Connect) -> None:
    recording = await record(say("hola") + silence(30))
    async with connect() as browser:
        await browser.say("start_playback", recording_id=str(recording.pk))
        await browser.until("transcript")
        await browser.say("new_conversation")
        await browser.until("conversation_started")
        assert last_words(browser) == ["playback_stopped"]
    assert await states() == [(PlaybackState.STOPPED, "asked", 1)]


async def test_stopping_what_does_not_play_is_fine(connect: Connect) -> None:
    async with connect() as browser:
        await browser.say("stop_playback")
        await browser.say("stop_playback")
        assert await browser.still_works()
    assert browser.problems() == []


async def test_pausing_and_resuming_what_does_not_play_is_told(connect: Connect) -> None:
    async with connect() as browser:
        await browser.say("pause_playback")
        await browser.say("resume_playback")
        await browser.speak(say("hola"))
    assert browser.problems() == [
        ("not_playing", "pause_playback"),
        ("not_playing", "resume_playback"),
    ]
