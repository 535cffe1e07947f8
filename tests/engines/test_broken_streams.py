"""A stream that is not what it claims to be is refused with a message, and harms nothing."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from sessions_app.core.audio import Encoding, count_samples
from sessions_app.core.errors import DecodeError
from sessions_app.engines.base import Decoder
from sessions_app.engines.decoding.decoders import open_decoder
from sessions_app.engines.decoding.pyav_stream import PyAVDecoder
from tests.engines.files import PLAYLISTS, recording
from tests.engines.hearing import (
    SOUND,
    STREAMS,
    WAYS,
    every_thread_ends,
    every_way,
    hear,
    likeness,
    pieces,
)
from tests.engines.streams import chirp, encode, opus_packets, simple_blocks, webm_header

__all__ = ["every_thread_ends"]


def verdict(decoder: Decoder, chunks: list[bytes]) -> str:
    """Why a stream is refused; empty: it is accepted."""
    try:
        hear(decoder, chunks)
    except DecodeError as error:
        return str(error)
    return ""


NOISE = np.random.default_rng(3).bytes(20_000)
JUNK = {
    "nothing": [],
    "an empty chunk": [b""],
    "noise": pieces(NOISE, 1000),
    "zeros": [bytes(5000)] * 3,
    "text": [b'{"type": "start_listening"}'] * 100,
}


@every_way
@pytest.mark.parametrize("junk", JUNK)
def test_junk_is_refused(way: str, junk: str) -> None:
    assert verdict(WAYS[way][1](), JUNK[junk])[-1:] == "."


@every_way
def test_a_continuation_without_its_header_is_refused(way: str) -> None:
    encoding, make = WAYS[way]
    stream = STREAMS[encoding]
    assert verdict(make(), pieces(stream[len(stream) // 2 :], 700))[-1:] == "."


@every_way
def test_a_header_without_sound_is_refused(way: str) -> None:
    encoding, make = WAYS[way]
    assert verdict(make(), [STREAMS[encoding][:60]])[-1:] == "."


@every_way
def test_a_stream_of_another_encoding_is_refused(way: str) -> None:
    encoding, make = WAYS[way]
    for other in set(STREAMS) - {encoding}:
        assert verdict(make(), pieces(STREAMS[other], 900))[-1:] == "."


@every_way
@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_playlist_opens_no_file(way: str, kind: str, tmp_path: Path) -> None:
    playlist = PLAYLISTS[kind].format(path=recording(tmp_path)).encode()
    assert verdict(WAYS[way][1](), [playlist])[-1:] == "."


@every_way
def test_a_stream_may_follow_a_broken_one(way: str) -> None:
    encoding, make = WAYS[way]
    assert verdict(make(), [NOISE]) != ""
    assert verdict(make(), [STREAMS[encoding]]) == ""


@every_way
def test_nothing_but_close_works_after_an_error(way: str) -> None:
    with closing(WAYS[way][1]()) as decoder:
        for _ in range(2):
            with pytest.raises(DecodeError):
                hear_without_closing(decoder)


def hear_without_closing(decoder: Decoder) -> None:
    decoder.decode(NOISE)
    decoder.flush()


def test_pyav_too_refuses_packets_that_claim_more_sound_than_bytes_can_hold() -> None:
    bomb = webm_header() + simple_blocks([bytes([3 << 3 | 1])] * 5000)
    assert "more sound than its size allows" in verdict(PyAVDecoder("webm"), pieces(bomb, 5000))


@pytest.mark.slow
def test_one_chunk_may_hold_minutes_of_sound_but_not_hours() -> None:
    minutes = webm_header() + simple_blocks(opus_packets(chirp(2)) * 150)
    assert verdict(open_decoder(Encoding.WEBM_OPUS), [minutes]) == ""
    hours = webm_header() + simple_blocks(opus_packets(bytes(64_000)) * 310)
    assert verdict(open_decoder(Encoding.WEBM_OPUS), [hours]) != ""


@every_way
def test_a_damaged_packet_costs_that_packet_and_no_more(way: str) -> None:
    encoding, make = WAYS[way]
    whole = hear(make(), [STREAMS[encoding]])
    damaged = hear(make(), pieces(encode(SOUND, encoding, damaged=50), 500))
    assert 0 <= count_samples(whole) - count_samples(damaged) < 500
    end = 2 * 16_000
    assert likeness(damaged[-end:], whole[-end:]) > 0.9
