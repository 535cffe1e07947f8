"""Sound that a client held is no flood when it is sent at once; a real flood still ends in 4409."""

from sessions_app.pipeline.pace import PaceOptions
from tests.conftest import Connect
from tests.house import Client
from tests.resuming import LOST, resuming
from tests.sounds import silence

USUAL_SECONDS = PaceOptions().burst_seconds
PIECE = silence(2)


async def pour(browser: Client, seconds: float) -> None:
    """Send so much sound as a stream of its own, at once."""
    await browser.say("start_listening", encoding="pcm-s16le")
    for _ in range(round(seconds / 2)):
        await browser.send_bytes(PIECE)
    await browser.say("stop_listening")


def is_too_fast(browser: Client) -> bool:
    """Return whether a client was told that its sound comes too fast."""
    return "too_fast" in [error["code"] for error in browser.told("error")]


async def test_what_was_held_for_a_session_that_is_unknown_is_no_flood(connect: Connect) -> None:
    async with connect(resumable="1", resume="a" * 43, is_ready=False) as browser:
        await browser.until("error", code="resume_unknown")
        limits = (await browser.until("ready"))["limits"]
        assert limits["burst_seconds"] == USUAL_SECONDS + 600
        await pour(browser, 60)
        assert (await browser.until("listening_stopped"))["received_seconds"] == 60
        assert not is_too_fast(browser)
        await browser.leave()


async def test_nobody_owes_ever_more_for_sessions_that_are_unknown(connect: Connect) -> None:
    async with connect(resumable="1", resume="a" * 43, is_ready=False) as browser:
        await browser.until("ready")
        await browser.leave()
    async with connect(resumable="1", resume="b" * 43, is_ready=False) as browser:
        burst_seconds = (await browser.until("ready"))["limits"]["burst_seconds"]
        assert USUAL_SECONDS <= burst_seconds < USUAL_SECONDS + 20
        await pour(browser, burst_seconds + 40)
        assert await browser.close_code() == 4409
        assert is_too_fast(browser)


async def test_streams_that_were_begun_in_a_gap_are_no_flood(connect: Connect) -> None:
    async with connect(resumable="1") as first:
        assert first.told("ready")[0]["limits"]["burst_seconds"] == USUAL_SECONDS
        await first.leave(LOST)
    async with resuming(connect, first) as second:
        burst_seconds = (await second.until("resumed"))["limits"]["burst_seconds"]
        assert burst_seconds >= USUAL_SECONDS + 20
        for seconds in (USUAL_SECONDS + 8, USUAL_SECONDS + 8):
            await pour(second, seconds)
            await second.until("listening_stopped")
        assert not is_too_fast(second)
        await pour(second, USUAL_SECONDS + 40)
        assert await second.close_code() == 4409
        assert is_too_fast(second)
