"""A slow server costs its clients nothing: their time limits run only while it waits for them."""

import asyncio
import time
from collections.abc import Callable

import pytest

from sessions_app.core.audio import SAMPLE_RATE, Encoding, count_samples
from sessions_app.models import Exchange, TranslationSession
from sessions_app.pipeline import interpreter
from tests.conftest import Connect
from tests.house import Client, House
from tests.scenarios.test_recording import pcm_of, raw, the_recording
from tests.sounds import chunks, mp4, ogg, say, silence, webm

SENTENCE = say("hola") + silence(0.65)
TEN = SENTENCE * 10
ENDLESS = {"delay_seconds": 60}


@pytest.fixture(autouse=True)
def few_may_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the listener wait for the engine as soon as two utterances wait."""
    monkeypatch.setattr(interpreter, "UTTERANCES_WAITING", 2)


async def kept() -> list[tuple[str, str, str]]:
    rows = Exchange.objects.order_by("utterance_id")
    return [(row.source, row.translated, row.failure) async for row in rows]


async def send(browser: Client, encoding: Encoding, stream: bytes) -> None:
    """Send a whole stream at once, as a client does after a network outage."""
    await browser.say("start_listening", encoding=encoding)
    for start in range(0, len(stream), 4_000):
        await browser.send_bytes(stream[start : start + 4_000])


async def test_whoever_stops_while_many_utterances_wait_hears_all_of_them(
    house: House, connect: Connect
) -> None:
    await house.restart(transcriber={"delay_seconds": 0.4}, silence_seconds=1)
    async with connect() as browser:
        await browser.speak(TEN)
        assert browser.texts() == ["hola"] * 10
        account = browser.told("listening_stopped")[0]["account"]
    assert (account["received"], account["unfinished"]) == (count_samples(TEN), 0)
    assert (await TranslationSession.objects.aget()).reason == "client_left"
    assert await kept() == [("hola", "hello", "")] * 10


async def test_who_is_silent_while_much_waits_is_listened_to_when_it_is_worked_off(
    house: House, connect: Connect
) -> None:
    await house.restart(transcriber={"delay_seconds": 0.4}, silence_seconds=2)
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(TEN)
        await browser.until("translation", utterance_id=10)
        await browser.send_sound(SENTENCE)
        sent_at = time.monotonic()
        await browser.until("translation", utterance_id=11)
        await browser.until("closed", reason="silent")
    assert time.monotonic() - sent_at > 1.9


async def test_whoever_leaves_while_much_waits_has_all_of_it_kept(
    house: House, connect: Connect
) -> None:
    await house.restart(transcriber={"delay_seconds": 0.4}, drain_seconds=1)
    async with connect() as browser:
        await send(browser, Encoding.PCM_S16LE, TEN)
        await browser.until("transcript")
    row = await TranslationSession.objects.aget()
    assert (row.reason, row.unfinished_samples) == ("client_left", 0)
    assert await kept() == [("hola", "hello", "")] * 10


async def test_waiting_for_the_turns_of_others_is_no_standing_still(
    house: House, connect: Connect
) -> None:
    await house.restart(transcriber={"delay_seconds": 0.3}, drain_seconds=0.5)

    async def speak_and_leave() -> None:
        async with connect() as browser:
            await send(browser, Encoding.PCM_S16LE, SENTENCE)
            await browser.until("speech_ended")

    await asyncio.gather(*(speak_and_leave() for _ in range(6)))
    assert {row.reason async for row in TranslationSession.objects.all()} == {"client_left"}
    assert await kept() == [("hola", "hello", "")] * 6


async def test_sound_that_nobody_came_to_hear_is_in_the_account_and_on_the_disk(
    house: House, connect: Connect
) -> None:
    await house.restart(transcriber=ENDLESS, drain_seconds=0.3)
    async with connect() as browser:
        await send(browser, Encoding.PCM_S16LE, TEN)
        await browser.until("speech_ended", utterance_id=3)
    row = await TranslationSession.objects.aget()
    assert row.reason == "client_left_cut_off"
    assert row.received_samples == count_samples(TEN)
    assert row.losses == {"unfinished": row.unfinished_samples}
    assert row.unfinished_samples + row.silence_samples == count_samples(TEN)
    recording = await the_recording()
    assert pcm_of(raw(recording)) == TEN
    assert recording.duration_seconds == count_samples(TEN) / SAMPLE_RATE


async def test_it_is_so_at_any_rate_and_in_a_period_that_had_not_begun(
    house: House, connect: Connect
) -> None:
    await house.restart(transcriber=ENDLESS, drain_seconds=0.3)
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le", sample_rate=8_000)
        await browser.send_sound(TEN[: 16_000 * 8])
        await browser.until("speech_ended")
        await browser.say("stop_listening")
        await browser.say("start_listening", encoding="pcm-s16le", sample_rate=32_000)
        await browser.send_sound(silence(4))
        assert await browser.still_works()
    row = await TranslationSession.objects.aget()
    assert row.received_samples == pytest.approx((8 + 2) * SAMPLE_RATE, abs=SAMPLE_RATE / 10)


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [(Encoding.WEBM_OPUS, webm), (Encoding.OGG_OPUS, ogg), (Encoding.MP4_AAC, mp4)],
)
async def test_it_is_so_in_any_container(
    house: House, connect: Connect, encoding: Encoding, encode: Callable[[bytes], bytes]
) -> None:
    await house.restart(transcriber=ENDLESS, drain_seconds=0.3)
    stream = encode(TEN)
    async with connect() as browser:
        await send(browser, encoding, stream)
        await browser.until("speech_ended", utterance_id=3)
    row = await TranslationSession.objects.aget()
    assert row.received_samples == pytest.approx(count_samples(TEN), abs=SAMPLE_RATE / 10)
    assert raw(await the_recording()).read_bytes() == stream


async def test_words_that_there_was_no_time_to_translate_are_kept(
    house: House, connect: Connect
) -> None:
    await house.restart(translator=ENDLESS, drain_seconds=0.3)
    async with connect() as browser:
        await send(browser, Encoding.PCM_S16LE, SENTENCE * 6)
        await browser.until("transcript", utterance_id=4)
        await house.registry.drain(5)
        await browser.close_code()
    assert await kept() == [("hola", "", "translation_failed")] * len(browser.texts())
    untranslated = range(1, len(browser.texts()) + 1)
    assert browser.problems() == [("translation_failed", each) for each in untranslated]
    assert browser.told("closed")[0]["reason"] == "server_quits"


async def test_sound_is_no_faster_for_having_waited_for_its_turn(
    house: House, connect: Connect
) -> None:
    await house.restart(transcriber={"delay_seconds": 0.4})
    async with connect() as browser:
        await send(browser, Encoding.PCM_S16LE, SENTENCE * 8)
        await browser.say("stop_listening")
        await browser.say("start_listening", encoding="pcm-s16le")
        for chunk in chunks(silence(12), 0.5):
            await browser.send_bytes(chunk)
            await asyncio.sleep(0.1)  # five times as fast as it is spoken, after the burst
        await browser.say("stop_listening")
        for _ in range(2):
            await browser.until("listening_stopped")
    assert browser.problems() == []


async def test_what_was_typed_and_not_translated_is_kept(house: House, connect: Connect) -> None:
    await house.restart(translator=ENDLESS, drain_seconds=0.3)
    async with connect() as browser:
        for _ in range(6):
            await browser.say("text_input", text="gracias")
        await browser.until("transcript", utterance_id=4)
        assert await browser.still_works()
    assert await kept() == [("gracias", "", "translation_failed")] * 6
