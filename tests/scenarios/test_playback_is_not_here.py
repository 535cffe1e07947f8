"""There are no recordings yet: whoever wants one played is told, and stopping is always fine."""

from tests.conftest import Connect
from tests.sounds import say


async def test_a_recording_that_is_not_there_is_told(connect: Connect) -> None:
    async with connect() as browser:
        for fields in (
            {"recording_id": 1},
            {"recording_id": "a" * 100},
            {"recording_id": 10**300, "mode": "segments", "speed": 0},
            {"recording_id": 1, "speed": 0.25},
            {"recording_id": 1, "speed": 16},
        ):
            await browser.say("start_playback", **fields)
            await browser.until("error", code="unknown_recording", about="start_playback")
        assert await browser.still_works()


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
    assert browser.texts() == ["hola"]
