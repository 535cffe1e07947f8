"""Encoded streams for tests: real ones by PyAV's own encoders, and WebM put together by hand."""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction

import av
import numpy as np

from sessions_app.core.audio import SAMPLE_RATE, Encoding

OPTIONS = {
    Encoding.WEBM_OPUS: {"live": "1", "cluster_time_limit": "1000"},
    Encoding.OGG_OPUS: {"page_duration": "100000"},
    Encoding.MP4_AAC: {
        "movflags": "frag_keyframe+empty_moov+default_base_moof",
        "frag_duration": "100000",
    },
}
KINDS = {
    Encoding.WEBM_OPUS: ("webm", "libopus", 48_000),
    Encoding.OGG_OPUS: ("ogg", "libopus", 48_000),
    Encoding.MP4_AAC: ("mp4", "aac", 44_100),
}


def chirp(seconds: float) -> bytes:
    """Sound that is different everywhere, 16 kHz mono s16le."""
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (8000 * np.sin(2 * np.pi * (200 + 150 * t) * t)).astype("<i2").tobytes()


Late = Callable[[float], float]
"""For a packet that begins at so many seconds: by how much its timestamp is later."""


def in_time(at_seconds: float) -> float:
    """Not later at all."""
    return 0.0


def stalled(at: float, seconds: float) -> Late:
    """Return the clock of a source that stalled after ``at`` seconds, for so many ``seconds``."""
    return lambda at_seconds: seconds if at_seconds >= at - 0.03 else 0.0


def encode(
    pcm: bytes,
    encoding: Encoding,
    *,
    layout: str = "mono",
    late: Late = in_time,
    options: Mapping[str, str] | None = None,
    damaged: int | None = None,
    is_stereo: bool = False,
) -> bytes:
    """Return ``pcm`` as a browser would send it: a live stream of ``encoding``.

    ``is_stereo`` says that its samples are left and right in turn. ``damaged`` is the number of a
    packet that no decoder understands.
    """
    container, codec, rate = KINDS[encoding]
    file = io.BytesIO()
    chosen = OPTIONS[encoding] | dict(options or {})
    with av.open(file, "w", format=container, options=chosen) as output:
        stream = output.add_stream(codec, rate=rate, layout=layout, bit_rate=32_000)
        assert isinstance(stream, av.AudioStream)
        for number, packet in enumerate(packets_of(pcm, stream, late, is_stereo=is_stereo)):
            output.mux(_spoilt(packet) if number == damaged else packet)
    return file.getvalue()


def _spoilt(packet: "av.Packet[av.AudioStream]") -> "av.Packet[av.stream.Stream]":
    spoilt = av.Packet(b"\xff" * packet.size)
    spoilt.pts, spoilt.dts, spoilt.duration = packet.pts, packet.dts, packet.duration
    spoilt.time_base, spoilt.stream = packet.time_base, packet.stream
    return spoilt


def packets_of(
    pcm: bytes, stream: av.AudioStream, late: Late = in_time, *, is_stereo: bool = False
) -> "Iterator[av.Packet[av.AudioStream]]":
    """Yield ``pcm`` in packets of ``stream``, each as late as ``late`` says."""
    layout = "stereo" if is_stereo else "mono"
    for frame in [*frames_of(pcm, stream.codec_context, layout), None]:
        for packet in stream.encode(frame):
            assert packet.pts is not None
            assert packet.dts is not None
            at = packet.pts * packet.time_base
            shift = round(late(float(at)) / packet.time_base)
            packet.pts += shift
            packet.dts += shift
            yield packet


def frames_of(
    pcm: bytes, codec: av.AudioCodecContext, layout: str = "mono"
) -> Iterable[av.AudioFrame]:
    """Return ``pcm`` in frames as ``codec`` takes them."""
    whole = av.AudioFrame.from_ndarray(np.frombuffer(pcm, "<i2").reshape(1, -1), "s16", layout)
    whole.sample_rate = SAMPLE_RATE
    whole.pts, whole.time_base = 0, Fraction(1, SAMPLE_RATE)
    resampler = av.AudioResampler(
        format=codec.format, layout=codec.layout, rate=codec.sample_rate, frame_size=960
    )
    return [*resampler.resample(whole), *resampler.resample(None)]


def opus_packets(pcm: bytes, layout: str = "mono") -> list[bytes]:
    """Return ``pcm``, whose samples alternate between two channels, as Opus packets of 20 ms."""
    codec = av.AudioCodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format = 48_000, layout, "s16"
    codec.bit_rate = 32_000
    frames: list[av.AudioFrame | None] = [*frames_of(pcm, codec, layout), None]
    return [bytes(packet) for frame in frames for packet in codec.encode(frame)]


# --- WebM by hand ---

EBML, SEGMENT, INFO, TRACKS, CLUSTER = 0x1A45DFA3, 0x18538067, 0x1549A966, 0x1654AE6B, 0x1F43B675
SIMPLE_BLOCK, BLOCK_GROUP, BLOCK, DISCARD_PADDING, VOID = 0xA3, 0xA0, 0xA1, 0x75A2, 0xEC
UNKNOWN_SIZE = b"\x01" + b"\xff" * 7


def element(identity: int, payload: bytes, *, size: bytes | None = None) -> bytes:
    """Return an EBML element; ``size`` replaces the true one."""
    name = identity.to_bytes((identity.bit_length() + 7) // 8, "big")
    return name + (number(len(payload)) if size is None else size) + payload


def number(value: int, length: int = 4) -> bytes:
    """Return ``value`` as an EBML number of ``length`` bytes."""
    return (value | 1 << 7 * length).to_bytes(length, "big")


def opus_head(*, channels: int = 1, pre_skip: int = 312, gain: int = 0, mapping: int = 0) -> bytes:
    """Return an Opus header (RFC 7845)."""
    return b"".join(
        (
            b"OpusHead\x01",
            bytes([channels]),
            pre_skip.to_bytes(2, "little"),
            (48_000).to_bytes(4, "little"),
            gain.to_bytes(2, "little", signed=True),
            bytes([mapping]),
        )
    )


def track(
    codec: bytes = b"A_OPUS", private: bytes | None = None, *, place: int = 1, more: bytes = b""
) -> bytes:
    """Return a track's entry."""
    head = opus_head() if private is None else private
    kind = 1 if codec.startswith(b"V") else 2
    fields = element(0xD7, bytes([place])) + element(0x83, bytes([kind]))
    return element(0xAE, fields + element(0x86, codec) + element(0x63A2, head) + more)


def webm_header(tracks: bytes | None = None, *, doc_type: bytes = b"webm") -> bytes:
    """Return everything before the first cluster."""
    return (
        element(EBML, element(0x4282, doc_type))
        + element(SEGMENT, b"", size=UNKNOWN_SIZE)
        + element(INFO, b"")
        + element(TRACKS, track() if tracks is None else tracks)
    )


def block(packet: bytes, *, place: int = 1, flags: int = 0x80, ticks: int = 0) -> bytes:
    """Return the payload of a block, ``ticks`` ms after its cluster begins."""
    return bytes([0x80 | place]) + ticks.to_bytes(2, "big", signed=True) + bytes([flags]) + packet


def simple_blocks(packets: Iterable[bytes]) -> bytes:
    """Return a cluster of unknown size that holds ``packets``."""
    content = b"".join(element(SIMPLE_BLOCK, block(packet)) for packet in packets)
    return element(CLUSTER, element(0xE7, b"\0") + content, size=UNKNOWN_SIZE)


def clusters(packets: Iterable[tuple[int, bytes]]) -> bytes:
    """Return a cluster for each packet, which begins at so many ms."""
    return b"".join(
        element(
            CLUSTER, element(0xE7, ms.to_bytes(8, "big")) + element(SIMPLE_BLOCK, block(packet))
        )
        for ms, packet in packets
    )
