"""A source that stalls has one clock: the page, the recording, its playback and exports agree."""

import asyncio
from pathlib import Path

import pytest

from sessions_app.core.audio import SAMPLE_RATE, Encoding, count_samples
from sessions_app.core.exports import ExportFormat, export
from sessions_app.engines.decoding.media_files import decode_file
from sessions_app.models import RecordedSegment, Recording, TranslationSession
from sessions_app.recording import files
from sessions_app.store.history import lines_of
from tests.conftest import Connect
from tests.engines.files import played_seconds
from tests.engines.streams import encode, stalled
from tests.house import Client
from tests.sounds import say, silence

SPOKEN = silence(0.5) + say("hola mundo") + silence(1) + say("quiero agua") + silence(0.5)
SECONDS = len(SPOKEN) / 2 / SAMPLE_RATE
SECOND_AT = 0.5 + 0.5 + 1.0


async def send(browser: Client, stream: bytes, encoding: Encoding) -> None:
    await browser.say("start_listening", encoding=encoding)
    for start in range(0, len(stream), 500):
        await browser.send_bytes(stream[start : start + 500])
    await browser.say("stop_listening")
    await browser.until("listening_stopped")


@pytest.mark.parametrize("encoding", [Encoding.WEBM_OPUS, Encoding.OGG_OPUS, Encoding.MP4_AAC])
@pytest.mark.parametrize("seconds", [3.0, 600.0])
async def test_page_recording_playback_and_exports_agree(
    connect: Connect, encoding: Encoding, seconds: float
) -> None:
    stream = encode(SPOKEN, encoding, late=stalled(1.5, seconds))
    async with connect() as browser:
        await send(browser, stream, encoding)
        (told,) = browser.told("listening_stopped")
        recording = await Recording.objects.aget()
        await browser.say("start_playback", recording_id=str(recording.pk), speed=0)
        await browser.until("playback_finished")
    assert browser.problems() == []
    assert browser.texts() == ["hola mundo", "quiero agua"] * 2
    whole = SECONDS + seconds
    assert abs(told["received_seconds"] - whole) < 0.15
    account = told["account"]
    assert account["received"] == account["transcribed"] + account["silence"]
    assert account["silence"] > seconds * SAMPLE_RATE
    starts = [message["at_seconds"] for message in browser.told("speech_started")]
    assert starts[0::2] == pytest.approx([0.2, 0.2], abs=0.15)
    assert starts[1::2] == pytest.approx([SECOND_AT + seconds - 0.3] * 2, abs=0.15)
    assert abs(recording.duration_seconds - whole) < 0.15
    assert abs(await asyncio.to_thread(length_of, recording) - recording.duration_seconds) < 0.1
    if encoding is Encoding.WEBM_OPUS:  # what browsers send, and play
        assert abs(await asyncio.to_thread(played_seconds, path_of(recording)) - whole) < 0.15
    kept = [row.start_sample / SAMPLE_RATE async for row in RecordedSegment.objects.order_by("pk")]
    assert kept == pytest.approx(starts[:2], abs=0.01)


def length_of(recording: Recording) -> float:
    return sum(map(count_samples, decode_file(path_of(recording)))) / SAMPLE_RATE


def path_of(recording: Recording) -> Path:
    path = files.sound_path(recording.pk, recording.encoding)
    assert path is not None
    return path


async def test_subtitles_stand_when_the_words_were_said(connect: Connect) -> None:
    async with connect() as browser:
        stream = encode(SPOKEN, Encoding.WEBM_OPUS, late=stalled(1.5, 20))
        await send(browser, stream, Encoding.WEBM_OPUS)
    session = await TranslationSession.objects.aget()
    written = await asyncio.to_thread(lambda: export(lines_of(session), ExportFormat.SRT))
    starts = [line[:8] for line in written.splitlines() if "-->" in line]
    assert starts == ["00:00:00", "00:00:21"]


async def test_a_damaged_packet_does_not_end_listening(connect: Connect) -> None:
    stream = bytearray(encode(SPOKEN, Encoding.WEBM_OPUS))
    first = stream.index(b"\xa3", len(stream) // 2)
    stream[first + 6 : first + 8] = b"\xff\xff"
    async with connect() as browser:
        await send(browser, bytes(stream), Encoding.WEBM_OPUS)
    assert browser.problems() == []
    assert browser.texts() == ["hola mundo", "quiero agua"]
