"""A conversation has one clock in all its exports: pauses and typed texts count."""

import asyncio
import re
import time
from itertools import pairwise

from sessions_app.core.audio import count_samples, to_seconds
from tests.conftest import Connect
from tests.house import Client
from tests.sessions_app.kept import at_home
from tests.sounds import say, silence

PAUSE_SECONDS = 1.5
SLACK_SECONDS = 1.0
"""How much later than intended anything may happen on a busy machine."""
CUE = re.compile(r"(\d+):(\d+):([\d,]+) --> (\d+):(\d+):([\d,]+)\n(.*)")


async def exported(browser: Client, of: str = "session") -> dict[str, tuple[float, float]]:
    """Return when each source text appears in the subtitles, in seconds, in order."""
    ready = browser.told("ready")[0]
    path = (
        f"/api/sessions/{ready['session_id']}/export?format=srt"
        if of == "session"
        else f"/history/{ready['conversation_id']}/export?format=srt"
    )
    text = await asyncio.to_thread(lambda: at_home().get(path).getvalue().decode())
    return {
        words: (_seconds(*times[:3]), _seconds(*times[3:])) for *times, words in CUE.findall(text)
    }


def _seconds(hours: str, minutes: str, seconds: str) -> float:
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds.replace(",", "."))


def assert_none_lies_on_another(cues: dict[str, tuple[float, float]]) -> None:
    assert all(one[1] <= other[0] for one, other in pairwise(cues.values()))


async def type_in(browser: Client, text: str) -> float:
    """Type ``text`` and wait for its translation; return when, on the monotonic clock."""
    typed_at = time.monotonic()
    await browser.say("text_input", text=text)
    await browser.until("translation", source=text)
    return typed_at


async def test_typed_texts_stand_at_the_time_of_typing(connect: Connect) -> None:
    async with connect() as browser:
        began_at = time.monotonic()
        typed = {}
        for text in ("hola", "mundo", "agua"):
            await asyncio.sleep(PAUSE_SECONDS)
            typed[text] = await type_in(browser, text) - began_at
    for of in ("session", "conversation"):
        cues = await exported(browser, of)
        assert list(cues) == ["hola", "mundo", "agua"]
        assert_none_lies_on_another(cues)
        for text, at in typed.items():
            assert 0 <= cues[text][0] - at + 0.1 < SLACK_SECONDS


HOLA_SECONDS = to_seconds(count_samples(say("hola")))


async def test_the_pause_between_two_listening_periods_counts(connect: Connect) -> None:
    async with connect() as browser:
        await browser.speak(say("hola"))
        stopped_at = time.monotonic()
        await asyncio.sleep(PAUSE_SECONDS)
        pause = time.monotonic() - stopped_at
        await browser.speak(silence(1) + say("agua"))
    for of in ("session", "conversation"):
        cues = await exported(browser, of)
        end = cues["hola"][0] + HOLA_SECONDS  # its cue is shown longer, so that it can be read
        assert 0 <= cues["agua"][0] - end - pause - 0.6 < SLACK_SECONDS


async def test_what_is_typed_in_mid_sentence_lies_on_no_other_cue(connect: Connect) -> None:
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        for word in ("hola", "mundo"):
            await browser.send_sound(say(f"{word} " * 3))
            await browser.say("text_input", text=f"quiero {word}")
            await browser.until("translation", source=f"quiero {word}")
        await browser.say("stop_listening")
        await browser.until("listening_stopped")
    cues = await exported(browser)
    assert list(cues) == ["hola hola hola mundo mundo mundo", "quiero hola", "quiero mundo"]
    assert_none_lies_on_another(cues)


async def test_what_is_typed_in_a_later_session_stands_after_the_pause(connect: Connect) -> None:
    async with connect() as browser:
        first = await type_in(browser, "hola")
        conversation = browser.told("ready")[0]["conversation_id"]
    await asyncio.sleep(PAUSE_SECONDS)
    async with connect(conversation=conversation) as later:
        second = await type_in(later, "agua")
    cues = await exported(later, "conversation")
    assert abs(cues["agua"][0] - cues["hola"][0] - (second - first)) < SLACK_SECONDS
