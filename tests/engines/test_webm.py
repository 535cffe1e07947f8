"""WebM is parsed as it comes: every packet is decoded once, and broken streams are reported."""

import time
from collections.abc import Callable
from ctypes import CDLL
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions_app.core.audio import count_samples
from sessions_app.core.errors import DecodeError
from sessions_app.engines.containers.matroska import Block, read_block, read_group
from sessions_app.engines.decoding.libopus import OpusDecoder, load_libopus
from sessions_app.engines.decoding.webm import WebmOpusDecoder
from tests.engines.hearing import decode
from tests.engines.streams import (
    BLOCK,
    BLOCK_GROUP,
    CLUSTER,
    DISCARD_PADDING,
    EBML,
    SIMPLE_BLOCK,
    UNKNOWN_SIZE,
    VOID,
    block,
    chirp,
    element,
    number,
    opus_head,
    opus_packets,
    simple_blocks,
    track,
    webm_header,
)

FOUND = load_libopus()
if FOUND is None:
    pytest.skip("libopus is neither installed nor inside PyAV's wheel", allow_module_level=True)
LIBRARY: CDLL = FOUND

PACKETS = opus_packets(chirp(0.5))


def hear(stream: bytes, size: int | None = None) -> bytes:
    """The whole sound of ``stream``, given in chunks of ``size``."""
    decoder = WebmOpusDecoder(LIBRARY)
    try:
        step = size or max(1, len(stream))
        chunks = [stream[first : first + step] for first in range(0, len(stream), step)]
        return b"".join([decode(decoder, chunk) for chunk in chunks]) + decoder.flush()
    finally:
        decoder.close()


PLAIN = webm_header() + simple_blocks(PACKETS)


def lace_of(content: bytes) -> bytes:
    """A lace of 256 packets, whose sizes are as Xiph writes them."""
    return block(b"\xff" + content, place=2, flags=0x02)


def test_what_another_track_has_is_not_taken_apart():
    stream = webm_header() + simple_blocks(PACKETS[:3])
    damaged = element(SIMPLE_BLOCK, lace_of(b""))
    assert hear(stream + damaged * 20) == hear(stream)


@pytest.mark.parametrize(
    ("read", "payload"),
    [
        (read_block, lace_of(b"\xff" * 120_000)),
        (read_group, element(BLOCK, lace_of(bytes(300))) + element(VOID, b"") * 31),
    ],
)
def test_a_block_of_which_much_is_to_be_read_is_refused_at_once(
    read: Callable[[bytes], Block], payload: bytes
) -> None:
    def seconds() -> float:
        began_at = time.thread_time()
        for _ in range(10):
            with pytest.raises(DecodeError):
                read(payload)
        return time.thread_time() - began_at

    assert min(seconds() for _ in range(5)) < 0.05  # the first took 0.3 to 0.6 s


def test_every_packet_is_heard_once_after_the_pre_skip():
    assert count_samples(hear(PLAIN)) == len(PACKETS) * 320 - 104


@pytest.mark.parametrize("size", [1, 7, 100, 1000])
def test_any_chunks_give_the_same_sound(size: int) -> None:
    assert hear(PLAIN, size) == hear(PLAIN)


def test_a_packet_is_heard_with_its_last_byte():
    decoder = WebmOpusDecoder(LIBRARY)
    decoder.decode(webm_header() + simple_blocks(PACKETS[:1]))
    cluster = element(SIMPLE_BLOCK, block(PACKETS[1]))
    assert decoder.decode(cluster[:-1]) == b""
    assert count_samples(decoder.decode(cluster[-1:])) == 320
    decoder.close()


def test_clusters_of_known_size_and_what_is_of_no_use_change_nothing():
    blocks = b"".join(element(SIMPLE_BLOCK, block(packet)) for packet in PACKETS)
    void = element(VOID, bytes(50_000))
    stream = webm_header() + void + element(CLUSTER, element(0xE7, b"\0") + blocks) + void
    assert hear(stream, 999) == hear(PLAIN)


def test_padding_at_the_end_is_left_out():
    padded = element(BLOCK, block(PACKETS[-1])) + element(
        DISCARD_PADDING, (12_500_000).to_bytes(4, "big")
    )
    stream = webm_header() + simple_blocks(PACKETS[:-1]) + element(BLOCK_GROUP, padded)
    assert hear(stream) == hear(PLAIN)[: -2 * 200]


def xiph(packets: list[bytes]) -> tuple[int, bytes]:
    sizes = [bytes([255]) * (len(p) // 255) + bytes([len(p) % 255]) for p in packets[:-1]]
    return 0x02, b"".join(sizes)


def ebml(packets: list[bytes]) -> tuple[int, bytes]:
    sizes = [len(p) for p in packets[:-1]]
    steps = [number(b - a + (1 << 13) - 1, 2) for a, b in pairwise(sizes)]
    return 0x06, number(sizes[0], 2) + b"".join(steps)


@pytest.mark.parametrize("lace", [xiph, ebml])
def test_several_packets_in_one_block_are_heard_in_order(
    lace: Callable[[list[bytes]], tuple[int, bytes]],
) -> None:
    flags, sizes = lace(PACKETS)
    laced = bytes([len(PACKETS) - 1]) + sizes + b"".join(PACKETS)
    assert hear(webm_header() + element(SIMPLE_BLOCK, block(laced, flags=flags))) == hear(PLAIN)


def test_packets_of_one_size_may_come_without_their_sizes():
    packets = [PACKETS[3]] * 4
    laced = block(b"\x03" + b"".join(packets), flags=0x04)
    once = hear(webm_header() + element(SIMPLE_BLOCK, laced))
    assert once == hear(webm_header() + simple_blocks(packets))


def test_other_tracks_are_not_heard():
    video = track(b"V_VP8", b"", place=2)
    other = element(SIMPLE_BLOCK, block(b"picture", place=2))
    stream = webm_header(video + track()) + other + simple_blocks(PACKETS) + other
    assert hear(stream) == hear(PLAIN)


def test_the_header_may_ask_for_a_gain():
    quiet = hear(webm_header(track(private=opus_head(gain=-6 * 256))) + simple_blocks(PACKETS))
    ratio = (
        np.abs(np.frombuffer(quiet, "<i2")).max() / np.abs(np.frombuffer(hear(PLAIN), "<i2")).max()
    )
    assert 0.49 < ratio < 0.51


BROKEN = {
    "a continuation without its header": simple_blocks(PACKETS),
    "a continuation in the middle of a block": PLAIN[300:],
    "no WebM at all": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n",
    "zeros": bytes(100),
    "another document": webm_header(doc_type=b"svg"),
    "sound before the tracks": element(EBML, element(0x4282, b"webm")) + simple_blocks(PACKETS),
    "no Opus track": webm_header(track(b"A_VORBIS")) + simple_blocks(PACKETS),
    "an encrypted track": webm_header(track(more=element(0x6D80, b""))),
    "a damaged Opus header": webm_header(track(private=b"OpusHead")),
    "surround sound": webm_header(track(private=opus_head(channels=6, mapping=1))),
    "a second header": PLAIN + PLAIN,
    "a part that is lost": webm_header() + simple_blocks(PACKETS)[: -len(PACKETS[-1]) // 2] + PLAIN,
    "an element nobody knows": webm_header() + element(0x4DBB, b"") + simple_blocks(PACKETS),
    "a huge block": webm_header() + element(SIMPLE_BLOCK, b"", size=number(1 << 40, 8)),
    "a huge header": element(EBML, b"", size=number(200_000)),
    "a huge part of no use": webm_header() + element(VOID, b"", size=number(1 << 50, 8)),
    "a block of unknown size": webm_header() + element(SIMPLE_BLOCK, b"", size=UNKNOWN_SIZE),
    "a number without end": webm_header() + b"\xa3\x00" + bytes(20),
    "tracks that do not fit together": webm_header(b"\xae\x88\x01"),
    "an empty block": webm_header() + element(SIMPLE_BLOCK, b""),
    "an empty lace": webm_header() + element(SIMPLE_BLOCK, block(b"", flags=0x02)),
    "a lace that ends in its sizes": webm_header()
    + element(SIMPLE_BLOCK, block(b"\x02\xff\xff", flags=0x02)),
    "a lace of differences that ends": webm_header()
    + element(SIMPLE_BLOCK, block(b"\x02\x81", flags=0x06)),
    "a lace larger than its block": webm_header()
    + element(SIMPLE_BLOCK, block(b"\x01\x20abc", flags=0x02)),
    "a group without a block": webm_header() + element(BLOCK_GROUP, b""),
    "only a header": webm_header(),
    "an end that is missing": PLAIN[:-5],
    "nothing": b"",
}


def verdict(stream: bytes, size: int | None = None) -> str:
    """Why ``stream`` is refused; empty: it is accepted."""
    try:
        hear(stream, size)
    except DecodeError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("size", [None, 10])
def test_a_broken_stream_is_said_to_be_broken(name: str, size: int | None) -> None:
    assert verdict(BROKEN[name], size)[-1:] == "."


def test_packets_that_claim_more_sound_than_bytes_can_hold_are_refused():
    silence_of_120_ms = bytes([3 << 3 | 1])
    with pytest.raises(DecodeError, match="more sound than its size allows"):
        hear(webm_header() + simple_blocks([silence_of_120_ms] * 5000), 5000)


def test_a_muted_microphone_may_be_sent_for_minutes():
    packets = opus_packets(bytes(2 * 16_000))
    assert {len(packet) for packet in packets[2:]} == {3}
    stream = webm_header() + simple_blocks(packets[2:] * 100)
    assert count_samples(hear(stream, 5000)) == len(packets[2:]) * 100 * 320 - 104


def test_a_closed_decoder_decodes_nothing():
    decoder = WebmOpusDecoder(LIBRARY)
    decoder.close()
    decoder.decode(PLAIN)
    decoder.close()
    decoder.close()
    with pytest.raises(DecodeError, match="closed"):
        decoder.decode(simple_blocks(PACKETS[:1]))


def test_a_packet_is_decoded_to_what_it_holds_at_16_khz():
    opus = OpusDecoder(LIBRARY)
    assert count_samples(opus.decode(PACKETS[0])) == 320
    opus.close()


@pytest.mark.slow
@settings(deadline=None)
@given(st.binary(max_size=300), st.integers(0, len(PLAIN)), st.integers(1, 400))
def test_garbage_anywhere_is_decoded_or_refused_and_nothing_else(
    garbage: bytes, place: int, size: int
) -> None:
    assert verdict(PLAIN[:place] + garbage + PLAIN[place:], size)[-1:] in ("", ".")


@pytest.mark.slow
@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(PLAIN) - 1), st.integers(0, 255)), max_size=5))
def test_damaged_bytes_are_decoded_or_refused_and_nothing_else(
    damage: list[tuple[int, int]],
) -> None:
    stream = bytearray(PLAIN)
    for place, value in damage:
        stream[place] = value
    assert verdict(bytes(stream))[-1:] in ("", ".")


def test_a_packet_that_is_damaged_or_lost_is_made_up() -> None:
    for damaged in (b"", b"\xff", b"\xff\xff\xff"):
        stream = webm_header() + simple_blocks([*PACKETS[:10], damaged, *PACKETS[11:]])
        assert count_samples(hear(stream)) == count_samples(hear(PLAIN))
        samples, whole = (
            np.frombuffer(pcm, "<i2").astype(float) for pcm in (hear(stream), hear(PLAIN))
        )
        lost = slice(10 * 320 - 104, 11 * 320 - 104)
        assert np.abs(samples[lost]).max() > np.abs(whole[lost]).max() / 4  # and no silence


def test_a_stream_of_nothing_but_damaged_packets_is_broken() -> None:
    assert verdict(webm_header() + simple_blocks([*PACKETS, *[b"\xff\xff\xff"] * 101])) != ""
    assert verdict(webm_header() + simple_blocks([*PACKETS, *[b"\xff\xff\xff"] * 20])) == ""


def test_stereo_sound_of_opposite_phase_is_heard() -> None:
    voice = np.frombuffer(chirp(1.0), "<i2")
    opposed = np.stack([voice, -voice], axis=1).astype("<i2").tobytes()
    stream = webm_header(track(private=opus_head(channels=2))) + simple_blocks(
        opus_packets(opposed, layout="stereo")
    )
    pcm = np.frombuffer(hear(stream), "<i2").astype(float)
    assert np.sqrt((pcm**2).mean()) > 4000
