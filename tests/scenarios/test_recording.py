"""A session's sound is recorded as it came, with every utterance that was cut out of it."""

import wave
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from sessions_app.core.audio import SAMPLE_RATE, Encoding, count_samples
from sessions_app.engines.decoding.pyav import decode_with_libav
from sessions_app.models import RecordedSegment, Recording, TranslationSession
from sessions_app.recording import files
from tests.conftest import Connect
from tests.house import Client, House
from tests.sounds import mp4, ogg, say, silence, speech, webm

HOLA = silence(0.3) + say("hola mundo") + silence(1.0)


async def recordings() -> list[Recording]:
    return [row async for row in Recording.objects.order_by("started_at")]


async def the_recording() -> Recording:
    (row,) = await recordings()
    return row


def raw(recording: Recording) -> Path:
    path = files.sound_path(recording.pk, recording.encoding)
    assert path is not None
    return path


def pcm_of(path: Path | None) -> bytes:
    assert path is not None
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16_000)
        return bytes(file.readframes(file.getnframes()))


async def send(browser: Client, stream: bytes, encoding: Encoding) -> None:
    await browser.say("start_listening", encoding=encoding)
    for start in range(0, len(stream), 1000):
        await browser.send_bytes(stream[start : start + 1000])
    await browser.say("stop_listening")
    await browser.until("listening_stopped")


async def test_what_was_sent_is_kept_under_the_id_that_is_told(connect: Connect) -> None:
    async with connect() as browser:
        await browser.speak(HOLA)
        told = browser.told("listening_started")[0]["recording"]
        recording = await the_recording()
    assert str(recording.pk) == told
    assert pcm_of(raw(recording)) == HOLA
    assert (recording.state, recording.has_sound) == ("complete", True)
    assert recording.duration_seconds == count_samples(HOLA) / SAMPLE_RATE
    assert recording.bytes == files.total_bytes(recording.pk)
    assert (recording.encoding, recording.sample_rate) == ("pcm-s16le", 16_000)


@pytest.mark.parametrize(
    ("encode", "encoding", "ending"),
    [
        (webm, Encoding.WEBM_OPUS, ".webm"),
        (ogg, Encoding.OGG_OPUS, ".ogg"),
        (mp4, Encoding.MP4_AAC, ".mp4"),
    ],
)
async def test_a_browsers_stream_is_kept_byte_for_byte_in_its_own_container(
    connect: Connect, encode: Callable[[bytes], bytes], encoding: Encoding, ending: str
) -> None:
    stream = encode(HOLA)
    async with connect() as browser:
        await send(browser, stream, encoding)
        recording = await the_recording()
    assert raw(recording).name == f"sound{ending}"
    assert raw(recording).read_bytes() == stream
    heard = sum(len(block) for block in decode_with_libav(raw(recording)))
    assert abs(heard / 2 / SAMPLE_RATE - recording.duration_seconds) < 0.1


async def test_every_utterance_is_kept_with_what_became_of_it(connect: Connect) -> None:
    sound = HOLA + speech(0.03) + silence(1.0) + say("agua") + silence(1.0)
    async with connect() as browser:
        await browser.speak(sound)
        recording = await the_recording()
    rows = [row async for row in RecordedSegment.objects.all()]
    became = [(row.text, row.translation, row.discarded) for row in rows]
    hola, agua = browser.translations()
    assert became == [("hola mundo", hola, ""), ("", "", "too_short"), ("agua", agua, "")]
    for row in rows:
        kept = pcm_of(files.segment_path(recording.pk, row.utterance_id))
        assert kept == sound[2 * row.start_sample : 2 * row.end_sample]


async def test_a_second_listening_is_a_second_recording(connect: Connect) -> None:
    async with connect() as browser:
        await browser.speak(HOLA)
        await browser.speak(silence(0.5))
        one, two = await recordings()
    assert [pcm_of(raw(one)), pcm_of(raw(two))] == [HOLA, silence(0.5)]
    assert one.pk != two.pk


async def test_what_a_leaving_client_sent_last_is_kept(connect: Connect) -> None:
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("hola mundo"))
    recording = await the_recording()
    assert (pcm_of(raw(recording)), recording.state) == (say("hola mundo"), "complete")
    segment = await RecordedSegment.objects.aget()
    assert segment.text == "hola mundo"


async def test_a_client_that_leaves_in_its_second_period_leaves_two_whole_recordings(
    connect: Connect,
) -> None:
    async with connect() as browser:
        for sound in (HOLA, say("agua")):
            await browser.say("start_listening", encoding="pcm-s16le")
            await browser.send_sound(sound)
            await browser.say("stop_listening")
    rows = await recordings()
    assert [(pcm_of(raw(row)), row.state) for row in rows] == [
        (HOLA, "complete"),
        (say("agua"), "complete"),
    ]
    kept = RecordedSegment.objects.order_by("pk")
    assert [row.text async for row in kept] == ["hola mundo", "agua"]


async def test_a_stream_that_breaks_off_is_cut_where_it_is_whole(connect: Connect) -> None:
    stream = webm(HOLA)[:-7]
    async with connect() as browser:
        await send(browser, stream, Encoding.WEBM_OPUS)
        recording = await the_recording()
    kept = raw(recording).read_bytes()
    assert stream.startswith(kept)
    assert 0 < len(stream) - len(kept) < 300
    assert recording.state == "complete"


async def test_a_failing_engine_leaves_the_sound_and_says_why(
    house: House, connect: Connect
) -> None:
    await house.restart(transcriber={"failing_word": "hola"})
    async with connect() as browser:
        await browser.speak(HOLA)
        recording = await the_recording()
    segment = await RecordedSegment.objects.aget()
    assert (segment.text, segment.discarded) == ("", "engine_failed")
    assert pcm_of(raw(recording)) == HOLA


async def test_with_recording_switched_off_nothing_is_written(
    house: House, connect: Connect
) -> None:
    await house.restart(recording="off")
    async with connect() as browser:
        before = list(files.recording_ids())
        await browser.speak(HOLA)
        assert browser.told("listening_started")[0]["recording"] is None
        assert browser.texts() == ["hola mundo"]
    assert (await recordings(), list(files.recording_ids())) == ([], before)


async def test_listening_that_brings_nothing_leaves_nothing(connect: Connect) -> None:
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        started = await browser.until("listening_started")
        await browser.say("stop_listening")
        await browser.until("listening_stopped")
    assert await recordings() == []
    assert not files.folder(UUID(started["recording"])).exists()


async def test_the_row_says_that_a_session_listens_while_it_does(connect: Connect) -> None:
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(HOLA)
        await browser.until("translation")
        during = (await TranslationSession.objects.aget()).is_listening
        await browser.say("stop_listening")
        await browser.until("listening_stopped")
        after = (await TranslationSession.objects.aget()).is_listening
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.until("listening_started")
    assert (during, after) == (True, False)
    assert not (await TranslationSession.objects.aget()).is_listening


async def test_typed_text_is_no_part_of_a_recording(connect: Connect) -> None:
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(HOLA)
        await browser.say("text_input", text="hola")
        await browser.say("stop_listening")
        await browser.until("listening_stopped")
    assert [row.text async for row in RecordedSegment.objects.all()] == ["hola mundo"]
