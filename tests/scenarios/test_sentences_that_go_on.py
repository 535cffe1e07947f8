"""Somebody speaks without a pause: rows, files and accounts hold whole sentences, whatever ends."""

import asyncio
from itertools import pairwise

import pytest

from sessions_app.core.audio import count_samples
from sessions_app.models import Exchange, RecordedSegment, Recording, TranslationSession
from sessions_app.recording import files
from tests.conftest import Connect
from tests.house import Client, House
from tests.recordings import record
from tests.resuming import LOST, numbers, resuming
from tests.sounds import say, silence

EARS = {"last_words": ["gracias"]}
"""Ears that find a sentence's end, and the times of words."""
SENTENCE = say("hola mundo la casa es roja quiero agua sí no gracias")
"""2.75 s."""
WRITTEN = "Hola mundo la casa es roja quiero agua sí no gracias."
SENTENCES = 4
LONG = SENTENCE * SENTENCES + silence(1)


@pytest.fixture
async def house(house: House) -> House:
    """Return all of Habla, with ears for sentences."""
    await house.restart(transcriber=EARS)
    return house


async def words() -> list[str]:
    return [row.source async for row in Exchange.objects.order_by("said_at", "pk")]


async def check_cuts(sound: bytes) -> None:
    """Check that the utterances follow each other to the sample, each with its file."""
    recording = await Recording.objects.aget()
    rows = [row async for row in RecordedSegment.objects.order_by("start_sample")]
    assert [row.text for row in rows] == [WRITTEN] * SENTENCES
    assert all(one.end_sample == two.start_sample for one, two in pairwise(rows))
    for row in rows:
        path = files.segment_path(recording.pk, row.utterance_id)
        assert path is not None
        assert path.read_bytes()[44:] == sound[2 * row.start_sample : 2 * row.end_sample]


async def test_each_sentence_is_told_translated_kept_and_recorded_by_itself(
    house: House, connect: Connect
) -> None:
    async with connect() as browser:
        await browser.speak(LONG)
    assert browser.texts() == [WRITTEN] * SENTENCES
    assert {text.split()[-1] for text in browser.translations()} == {"thanks."}
    assert await words() == [WRITTEN] * SENTENCES
    await check_cuts(LONG)
    row = await TranslationSession.objects.aget()
    assert row.received_samples == count_samples(LONG)
    assert row.speech_samples + row.silence_samples == row.received_samples


async def test_a_sentence_is_final_while_the_next_one_is_being_spoken(
    house: House, connect: Connect
) -> None:
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(SENTENCE * 2)
        first = await browser.until("transcript")
        assert (first["utterance_id"], first["text"]) == (1, WRITTEN)
        await browser.until("translation")
        assert "listening_stopped" not in {m["type"] for m in browser.heard}
        await browser.say("stop_listening")
        await browser.until("listening_stopped")
    assert browser.texts() == [WRITTEN] * 2


async def test_who_leaves_in_the_middle_leaves_whole_sentences_and_what_was_begun(
    house: House, connect: Connect
) -> None:
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(SENTENCE * 2 + say("hola mundo la casa"))
    assert await words() == [WRITTEN, f"{WRITTEN} Hola mundo la casa"]
    row = await TranslationSession.objects.aget()
    assert row.unfinished_samples == 0


@pytest.mark.parametrize("is_another_process", [False, True])
@pytest.mark.parametrize("seconds", [4.5, 6.5])
async def test_a_stream_that_goes_on_elsewhere_becomes_the_same_sentences(
    seconds: float, is_another_process: bool, house: House, connect: Connect
) -> None:
    place = round(seconds * 32_000)
    async with connect(resumable="1") as first:
        await first.say("start_listening", encoding="pcm-s16le", command=1)
        await first.send_sound(LONG[:place])
        await first.leave(LOST)
    if is_another_process:
        await house.restart(transcriber=EARS)
    async with resuming(connect, first) as second:
        resumed = await second.until("resumed")
        await second.send_sound(LONG[resumed["bytes"] :])
        await second.say("stop_listening", command=2)
        await second.until("listening_stopped")
        await second.leave()
    assert await words() == [WRITTEN] * SENTENCES
    told = numbers(first, second)
    assert told == sorted(set(told))
    await check_cuts(LONG)
    row = await TranslationSession.objects.aget()
    assert row.received_samples == count_samples(LONG)
    assert (row.unfinished_samples, row.dropped_samples) == (0, 0)


async def test_a_client_that_is_lost_again_and_again_loses_no_sentence(
    house: House, connect: Connect
) -> None:
    browser: Client
    async with connect(resumable="1") as browser:
        await browser.say("start_listening", encoding="pcm-s16le", command=1)
        await browser.leave(LOST)
    visits, sent = [browser], 0
    while sent < len(LONG):
        async with resuming(connect, *visits) as browser:
            visits.append(browser)
            sent = (await browser.until("resumed"))["bytes"]
            await browser.send_sound(LONG[sent : sent + 3 * 32_000])
            sent = min(len(LONG), sent + 3 * 32_000)
            await asyncio.sleep(0.1)
            await browser.leave(LOST)
    async with resuming(connect, *visits) as browser:
        await browser.until("resumed")
        await browser.say("stop_listening", command=2)
        await browser.until("listening_stopped")
        await browser.leave()
    assert await words() == [WRITTEN] * SENTENCES
    await check_cuts(LONG)


@pytest.mark.parametrize("speed", [0, 16])
async def test_a_recording_is_cut_into_the_same_sentences_at_every_speed(
    house: House, connect: Connect, speed: float
) -> None:
    recording = await record(LONG)
    async with connect() as browser:
        await browser.say("start_playback", recording_id=str(recording.pk), speed=speed)
        await browser.until("playback_finished")
    async with connect() as live:
        await live.speak(LONG)
    places = [
        [(m["start_seconds"], m["end_seconds"], m["text"]) for m in one.told("transcript")]
        for one in (browser, live)
    ]
    assert places[0] == places[1]
    assert [text for _, _, text in places[0]] == [WRITTEN] * SENTENCES
