"""Every sample is accounted for; the conftest checks it after every other scenario too."""

import random

import pytest

from sessions_app.core.audio import SAMPLE_RATE, count_samples
from sessions_app.models import TranslationSession
from tests.conftest import Connect
from tests.house import House
from tests.sounds import say, silence, tone

BURST = tone(400, 0.05) + silence(1)
"""Too short to be a word."""


async def test_the_row_says_what_became_of_the_sound(house: House, connect: Connect) -> None:
    await house.restart(transcriber={"failing_word": "agua"})
    sound = silence(1) + say("hola mundo") + silence(2) + say("agua") + silence(1) + BURST
    async with connect() as browser:
        await browser.speak(sound)
    row = await TranslationSession.objects.aget()
    assert row.received_samples == count_samples(sound)
    assert row.unfinished_samples == row.dropped_samples == 0
    assert row.speech_samples > 0.5 * SAMPLE_RATE
    assert row.silence_samples > 2 * SAMPLE_RATE
    assert set(row.losses) == {"engine_failed", "too_short"}
    assert sum(row.losses.values()) == row.discarded_samples


@pytest.mark.parametrize("seed", range(5))
async def test_it_holds_for_any_mixture_of_sounds_and_chunks(connect: Connect, seed: int) -> None:
    dice = random.Random(seed)
    pieces = [say("hola mundo"), silence(0.3), silence(1.1), BURST, say("gracias"), b"\0\0" * 77]
    async with connect() as browser:
        total = 0
        for _ in range(3):
            sound = b"".join(dice.choices(pieces, k=8))
            total += count_samples(sound)
            await browser.say("start_listening", encoding="pcm-s16le")
            await browser.send_sound(sound, dice.choice([0.02, 0.1, 0.333, 3]))
            await browser.say("stop_listening")
            await browser.until("listening_stopped")
    row = await TranslationSession.objects.aget()
    assert row.received_samples == total
    assert round(sum(m["received_seconds"] for m in browser.told("listening_stopped")), 2) == round(
        total / SAMPLE_RATE, 2
    )


async def test_the_last_message_says_how_much_was_taken(house: House, connect: Connect) -> None:
    async with connect() as browser:
        await browser.speak(say("hola mundo") + silence(1.5))
        await house.registry.drain(1)
        assert await browser.close_code() == 4012
    [closed] = browser.told("closed")
    account = closed.pop("account")
    assert closed == {"type": "closed", "reason": "server_quits", "accepted_seconds": 2.0}
    assert account["received"] == account["transcribed"] + account["silence"] == 32_000
