"""Sound that is not what it claims to be: an error says so, and what comes after is heard."""

from collections.abc import Callable

import pytest

from tests.conftest import Connect
from tests.house import Client, House
from tests.sounds import mp4, ogg, say, silence, wav, webm


async def hears_again(browser: Client) -> bool:
    """Return whether a new listening period works as if nothing had happened."""
    await browser.say("start_listening", encoding="webm-opus")
    await browser.send_bytes(webm(say("quiero agua")))
    await browser.say("stop_listening")
    while True:
        await browser.until("listening_stopped")
        if browser.texts()[-1:] == ["quiero agua"]:
            return True


GARBAGE = bytes(range(256)) * 64


@pytest.mark.parametrize("encoding", ["webm-opus", "ogg-opus", "mp4-aac"])
async def test_garbage_is_told_and_a_later_start_is_heard(connect: Connect, encoding: str) -> None:
    async with connect() as browser:
        await browser.say("start_listening", encoding=encoding)
        for _ in range(4):
            await browser.send_bytes(GARBAGE)
        await browser.until("error", code="broken_stream")
        assert await hears_again(browser)
    assert [code for code, _ in browser.problems()] == ["broken_stream"]


async def test_a_beginning_that_nothing_follows_is_told_at_its_end(
    connect: Connect,
) -> None:
    async with connect() as browser:
        await browser.say("start_listening", encoding="mp4-aac")
        await browser.send_bytes(b"\0\0\0\x1cftypiso5")
        await browser.say("stop_listening")
        await browser.until("error", code="broken_stream", about="stop_listening")
        assert await hears_again(browser)


@pytest.mark.parametrize("encoding", ["webm-opus", "ogg-opus", "mp4-aac"])
async def test_a_stream_of_another_container_is_told(connect: Connect, encoding: str) -> None:
    async with connect() as browser:
        await browser.say("start_listening", encoding=encoding)
        await browser.send_bytes(wav(say("hola mundo")))
        await browser.say("stop_listening")
        await browser.until("error", code="broken_stream")
        assert await hears_again(browser)


async def test_what_came_before_a_stream_broke_is_kept(connect: Connect) -> None:
    whole = webm(say("hola mundo") + silence(1))
    async with connect() as browser:
        await browser.say("start_listening", encoding="webm-opus")
        await browser.send_bytes(whole)
        await browser.send_bytes(GARBAGE)
        await browser.until("error", code="broken_stream", about="start_listening")
        told = await browser.until("listening_stopped")
        assert browser.texts() == ["hola mundo"]
        assert told["utterances"] == 1
        assert await hears_again(browser)


@pytest.mark.parametrize(("encoding", "encode"), [("webm-opus", webm), ("ogg-opus", ogg)])
async def test_a_stream_that_stops_in_the_middle_is_heard_so_far(
    connect: Connect, encoding: str, encode: Callable[[bytes], bytes]
) -> None:
    whole = encode(say("hola mundo") + silence(1) + say("quiero agua"))
    async with connect() as browser:
        await browser.say("start_listening", encoding=encoding)
        await browser.send_bytes(whole[: len(whole) * 6 // 10])
        await browser.say("stop_listening")
        await browser.until("listening_stopped")
        assert browser.texts()[0] == "hola mundo"
        assert await hears_again(browser)


async def test_a_header_alone_is_no_sound_and_no_error(connect: Connect) -> None:
    async with connect() as browser:
        await browser.say("start_listening", encoding="webm-opus")
        await browser.say("stop_listening")
        told = await browser.until("listening_stopped")
        assert told["received_seconds"] == 0
        assert await hears_again(browser)
    assert browser.problems() == []


async def test_a_session_is_idle_again_after_its_stream_broke(
    house: House, connect: Connect
) -> None:
    async with connect() as browser:
        await browser.say("start_listening", encoding="webm-opus")
        await browser.send_bytes(GARBAGE)
        await browser.until("listening_stopped")
        assert [s["state"] for s in house.registry.status()["sessions"]] == ["idle"]
        await browser.say("start_listening", encoding="mp4-aac")
        await browser.send_bytes(mp4(say("hola mundo")))
        await browser.until("listening_started")
        assert [s["state"] for s in house.registry.status()["sessions"]] == ["listening"]
        await browser.say("stop_listening")
        await browser.until("listening_stopped")
    assert browser.texts() == ["hola mundo"]
