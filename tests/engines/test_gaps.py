"""Where the clock of a container jumps there is silence, live and in files, within limits."""

import tracemalloc
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from sessions_app.core.audio import SAMPLE_RATE, count_samples, to_samples, to_seconds
from sessions_app.engines.base import Decoder
from sessions_app.engines.decoding.media_files import decode_file
from sessions_app.engines.fake import hear
from tests.engines.hearing import SOUND, WAYS, every_thread_ends, every_way, likeness, pieces
from tests.engines.made import Sound, made
from tests.engines.streams import clusters, encode, opus_packets, stalled, webm_header
from tests.sounds import say, silence

__all__ = ["every_thread_ends"]

SECONDS = to_seconds(count_samples(SOUND))
ADDED = {"mp4": round(1024 * SAMPLE_RATE / 44_100)}
"""Samples that an encoder adds before the sound."""


def heard_with_gaps(decoder: Decoder, chunks: list[bytes]) -> bytes:
    """All the sound, with the silence that is only counted."""
    heard = bytearray()

    def note(pcm: bytes) -> None:
        heard.extend(pcm + bytes(2 * decoder.silence_samples))

    with closing(decoder):
        for chunk in [*chunks, None]:
            note(decoder.flush() if chunk is None else decoder.decode(chunk))
            while decoder.has_more:
                note(decoder.decode(b""))
    return bytes(heard)


@pytest.mark.slow
@every_way
@pytest.mark.parametrize("size", [37, 500, 1_000_000])
@pytest.mark.parametrize("seconds", [1.0, 20.0, 600.0])
def test_a_source_that_stalls_leaves_silence(way: str, size: int, seconds: float) -> None:
    encoding, make = WAYS[way]
    stream = encode(SOUND, encoding, late=stalled(1.6, seconds))
    pcm = heard_with_gaps(make(), pieces(stream, size))[2 * ADDED.get(way, 0) :]
    assert abs(to_seconds(count_samples(pcm)) - SECONDS - seconds) < 0.1
    before, after = to_samples(1.5), to_samples(1.8 + seconds)
    assert likeness(pcm[: 2 * before], SOUND[: 2 * before]) > 0.95
    assert np.abs(np.frombuffer(pcm, "<i2")[to_samples(1.8) : after - to_samples(0.3)]).max() < 300


@pytest.mark.parametrize("way", ["webm", "webm by PyAV"])
def test_a_stream_may_begin_late(way: str) -> None:
    encoding, make = WAYS[way]
    stream = encode(SOUND, encoding, late=stalled(0, 10))
    pcm = heard_with_gaps(make(), pieces(stream, 700))
    assert abs(to_seconds(count_samples(pcm)) - SECONDS - 10) < 0.1


@every_way
@pytest.mark.parametrize("seconds", [4000.0, 1e6])
def test_a_clock_that_leaps_by_hours_is_not_believed(way: str, seconds: float) -> None:
    encoding, make = WAYS[way]
    stream = encode(SOUND, encoding, late=stalled(1.6, seconds))
    pcm = heard_with_gaps(make(), pieces(stream, 500))
    assert abs(to_seconds(count_samples(pcm)) - SECONDS) < 0.1


def test_leap_after_leap_an_hour_is_not_exceeded_and_is_not_held() -> None:
    packets = opus_packets(SOUND)
    leaping = webm_header() + clusters((600_000 * n, packet) for n, packet in enumerate(packets))
    decoder = WAYS["webm"][1]()
    tracemalloc.start()
    try:
        heard = 0
        for chunk in pieces(leaping, 2000):
            heard += count_samples(decoder.decode(chunk)) + decoder.silence_samples
            while decoder.has_more:
                heard += count_samples(decoder.decode(b"")) + decoder.silence_samples
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
        decoder.close()
    assert to_seconds(heard) < 3600 + len(leaping) / 100 + SECONDS


SPOKEN = silence(0.5) + say("hola mundo") + silence(1) + say("red house") + silence(0.5)
FILES = [
    ("mp4", "aac", 44_100),
    ("matroska", "libopus", 48_000),
    ("mpegts", "mp2", 48_000),
    ("mov", "alac", 16_000),
]


def file_of(kind: tuple[str, str, int], at: float, seconds: float, directory: Path) -> Path:
    container, codec, rate = kind
    path = directory / f"sound.{container}"
    another = Sound(silence(3), codec, rate)  # another track, on the same clock from 0
    path.write_bytes(
        made(container, another, Sound(SPOKEN, codec, rate, late=stalled(at, seconds)))
    )
    return path


def words_at(pcm: bytes) -> list[tuple[int, str]]:
    """The words of each second that has some."""
    seconds = pieces(pcm, 32_000)
    return [(n, word) for n, second in enumerate(seconds) for word in hear(second)]


@pytest.mark.slow
@pytest.mark.parametrize("kind", FILES, ids=lambda kind: kind[0])
def test_a_track_that_begins_late_in_a_file_is_heard_in_its_time(
    kind: tuple[str, str, int], tmp_path: Path
) -> None:
    pcm = b"".join(decode_file(file_of(kind, 0, 10, tmp_path), 2))
    assert [at for at, _ in words_at(pcm)] == [10, 10, 12, 12]


@pytest.mark.parametrize("kind", FILES, ids=lambda kind: kind[0])
def test_a_gap_in_a_file_is_silence(kind: tuple[str, str, int], tmp_path: Path) -> None:
    pcm = b"".join(decode_file(file_of(kind, 1.5, 20, tmp_path), 2))
    assert [at for at, _ in words_at(pcm)] == [0, 0, 22, 22]


def test_a_file_that_leaps_by_days_is_heard_to_its_end(tmp_path: Path) -> None:
    pcm = b"".join(decode_file(file_of(FILES[1], 1.5, 200_000, tmp_path), 2))
    assert hear(pcm) == ["hola", "mundo", "red", "house"]
    assert to_seconds(count_samples(pcm)) < 5


@pytest.mark.parametrize("at_seconds", [0.0, 1.0])
def test_a_last_word_after_a_gap_in_a_file_stands_where_it_was_said(
    at_seconds: float, tmp_path: Path
) -> None:
    """Tracks that end before half a second can confirm the clock."""
    sound = say("hola mundo")[: 2 * to_samples(0.3)]
    path = tmp_path / "last.mkv"
    before = silence(at_seconds)
    path.write_bytes(made("matroska", Sound(before + sound, late=stalled(at_seconds, 10))))
    pcm = b"".join(decode_file(path))
    expected = at_seconds + 10 + to_seconds(count_samples(sound))
    assert to_seconds(count_samples(pcm)) == pytest.approx(expected, abs=0.1)
