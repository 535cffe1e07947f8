"""Every encoding becomes 16 kHz PCM of its true length, at once."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions_app.core.audio import SAMPLE_BYTES, SAMPLE_RATE, Encoding, count_samples, to_samples
from sessions_app.core.errors import DecodeError
from sessions_app.engines.decoding.decoders import open_decoder
from sessions_app.engines.decoding.libopus import load_libopus
from sessions_app.engines.decoding.pyav import decode_with_libav
from sessions_app.engines.decoding.pyav_stream import PyAVDecoder
from tests.engines.hearing import (
    SECONDS,
    SOUND,
    STREAMS,
    WAYS,
    every_thread_ends,
    every_way,
    hear,
    likeness,
    pieces,
)
from tests.engines.streams import encode

__all__ = ["every_thread_ends"]


@pytest.mark.parametrize("way", ["webm", "webm by PyAV", "ogg"])
def test_opus_decodes_to_the_very_length_of_what_was_recorded(way: str) -> None:
    encoding, make = WAYS[way]
    pcm = hear(make(), pieces(STREAMS[encoding], 500))
    assert abs(count_samples(pcm) - to_samples(SECONDS)) <= 1
    assert likeness(pcm, SOUND) > 0.98


def test_aac_decodes_to_what_was_recorded_between_the_frames_that_its_encoder_adds() -> None:
    pcm = hear(open_decoder(Encoding.MP4_AAC), pieces(STREAMS[Encoding.MP4_AAC], 500))
    frame = round(1024 * SAMPLE_RATE / 44_100)
    assert to_samples(SECONDS) <= count_samples(pcm) - frame <= to_samples(SECONDS) + frame
    assert likeness(pcm[frame * SAMPLE_BYTES :], SOUND) > 0.95


WITHOUT_LIBAV = """
import sys
from sessions_app.core.audio import Encoding
from sessions_app.engines.decoding.decoders import load_decoder, open_decoder
load_decoder(Encoding.WEBM_OPUS)
open_decoder(Encoding.WEBM_OPUS).close()
print("av" in sys.modules, end=" ")
load_decoder(Encoding.PCM_S16LE)
print("av" in sys.modules)
"""


@pytest.mark.slow
@pytest.mark.skipif(load_libopus() is None, reason="there is no libopus, so libav does its work")
def test_libav_is_loaded_for_the_first_stream_that_needs_it() -> None:
    told = subprocess.run(
        [sys.executable, "-c", WITHOUT_LIBAV], capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["False", "True"]


def test_both_ways_through_webm_give_the_same_sound() -> None:
    stream = encode(SOUND, Encoding.WEBM_OPUS, layout="stereo")
    fast = hear(open_decoder(Encoding.WEBM_OPUS), [stream])
    sure = hear(PyAVDecoder("webm"), [stream])
    assert abs(count_samples(fast) - count_samples(sure)) <= 1
    assert likeness(fast, sure) > 0.99


@every_way
@pytest.mark.parametrize("size", [37, 4000, 1_000_000])
def test_any_chunks_give_the_same_sound(way: str, size: int) -> None:
    encoding, make = WAYS[way]
    stream = STREAMS[encoding]
    assert hear(make(), pieces(stream, size)) == hear(make(), pieces(stream, 500))


@pytest.mark.slow
@every_way
def test_sound_comes_with_the_chunk_that_holds_it(way: str, tmp_path: Path) -> None:
    encoding, make = WAYS[way]
    stream = STREAMS[encoding]
    path = tmp_path / "beginning"
    heard = 0
    with closing(make()) as decoder:
        for end in range(500, len(stream), 500):
            heard += count_samples(decoder.decode(stream[end - 500 : end]))
            path.write_bytes(stream[:end])
            assert heard >= length_of(path) - to_samples(0.15)


def length_of(path: Path) -> int:
    """How many samples a whole decode of ``path`` gives; 0: there is no sound in it yet."""
    try:
        return sum(count_samples(block) for block in decode_with_libav(path))
    except DecodeError:
        return 0


@every_way
def test_an_empty_chunk_changes_nothing(way: str) -> None:
    encoding, make = WAYS[way]
    chunks = [chunk for piece in pieces(STREAMS[encoding], 3000) for chunk in (b"", piece, b"")]
    assert hear(make(), chunks) == hear(make(), [STREAMS[encoding]])


@every_way
@pytest.mark.parametrize("chunks", [0, 1, 3])
def test_a_decoder_can_be_closed_at_any_time_and_twice(way: str, chunks: int) -> None:
    encoding, make = WAYS[way]
    decoder = make()
    for chunk in pieces(STREAMS[encoding], 400)[:chunks]:
        decoder.decode(chunk)
    decoder.close()
    decoder.close()


@every_way
def test_a_decoder_can_be_closed_after_its_end(way: str) -> None:
    encoding, make = WAYS[way]
    decoder = make()
    hear(decoder, [STREAMS[encoding]])
    decoder.close()


@pytest.mark.slow
@settings(deadline=None)
@given(st.lists(st.integers(1, 3000), min_size=1, max_size=20))
def test_samples_pass_unchanged_by_any_chunks(sizes: list[int]) -> None:
    chunks, place = [], 0
    for size in sizes:
        chunks.append(SOUND[place : place + size])
        place += size
    assert hear(open_decoder(Encoding.PCM_S16LE), chunks) == SOUND[: place // 2 * 2]


@pytest.mark.parametrize("rate", [8000, 22_050, 44_100, 48_000, 96_000])
def test_samples_of_another_rate_keep_their_length(rate: int) -> None:
    one_second = np.sin(2 * np.pi * 440 * np.arange(rate) / rate) * 9000
    chunks = pieces(one_second.astype("<i2").tobytes(), 1001)
    pcm = hear(open_decoder(Encoding.PCM_S16LE, sample_rate=rate), chunks)
    assert abs(count_samples(pcm) - SAMPLE_RATE) <= 1
    tone = np.sin(2 * np.pi * 440 * np.arange(SAMPLE_RATE) / SAMPLE_RATE) * 9000
    assert likeness(pcm, tone.astype("<i2").tobytes()) > 0.999


def test_samples_of_another_rate_come_at_once() -> None:
    with closing(open_decoder(Encoding.PCM_S16LE, sample_rate=48_000)) as decoder:
        assert count_samples(decoder.decode(bytes(2 * 12_000))) >= to_samples(0.25 - 0.01)


@pytest.mark.parametrize("rate", [0, -1, 7999, 192_001])
def test_a_rate_that_no_microphone_has_is_refused(rate: int) -> None:
    with pytest.raises(DecodeError, match="8000 to 192000 Hz"):
        open_decoder(Encoding.PCM_S16LE, sample_rate=rate)
