"""Partials: words while they are being spoken."""

from itertools import pairwise

from tests.conftest import Connect
from tests.house import Client
from tests.sounds import say, silence

LONG = "hola mundo la casa es roja quiero agua gracias hola mundo la casa"


async def speak_slowly(browser: Client, sentences: list[str]) -> None:
    """Speak, each half second of it after the hypothesis for the last one."""
    await browser.say("start_listening", encoding="pcm-s16le")
    for sentence in sentences:
        for word in sentence.split():
            await browser.send_sound(say(word))
            assert await browser.still_works()
        await browser.send_sound(silence(1))
        await browser.until("transcript")
    await browser.say("stop_listening")
    await browser.until("listening_stopped")


async def test_revisions_count_from_one_and_end_with_the_final(connect: Connect) -> None:
    async with connect() as browser:
        await speak_slowly(browser, [LONG, LONG])
    for utterance_id in (1, 2):
        revisions = [
            m["revision"] for m in browser.told("partial") if m["utterance_id"] == utterance_id
        ]
        assert len(revisions) >= 3
        assert revisions == list(range(1, len(revisions) + 1))
        kinds = [m["type"] for m in browser.heard if m.get("utterance_id") == utterance_id]
        assert "partial" not in kinds[kinds.index("speech_ended") :]


async def test_what_is_stable_only_grows_and_is_what_was_said(connect: Connect) -> None:
    async with connect() as browser:
        await speak_slowly(browser, [LONG])
    partials = browser.told("partial")
    assert browser.texts() == [LONG]
    for earlier, later in pairwise(partials):
        assert later["stable"].startswith(earlier["stable"])
    assert [m for m in partials if not LONG.startswith(m["stable"])] == []
    assert any(m["stable"] for m in partials)


async def test_the_partials_of_one_are_told_to_nobody_else(connect: Connect) -> None:
    async with connect() as speaker, connect() as silent:
        await speak_slowly(speaker, [LONG])
        assert await silent.still_works()
    assert speaker.told("partial") != []
    assert [m["type"] for m in silent.heard] == ["ready", "pong"]
