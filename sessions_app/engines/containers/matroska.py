"""The contents of WebM's elements (RFC 9559): which track is Opus, and the packets of a block."""

from collections.abc import Iterator
from dataclasses import dataclass

from sessions_app.core.errors import DecodeError
from sessions_app.engines.containers.ebml import Treatment, read_children, read_number
from sessions_app.engines.containers.opus_head import OpusHead, read_opus_head

EBML = 0x1A45DFA3
SEGMENT = 0x18538067
INFO = 0x1549A966
TRACKS = 0x1654AE6B
CLUSTER = 0x1F43B675
TIMESTAMP = 0xE7
SIMPLE_BLOCK = 0xA3
BLOCK_GROUP = 0xA0

_OF_NO_USE = (
    *(0xEC, 0xBF),  # anywhere: Void, CRC-32
    *(0x114D9B74, 0x1C53BB6B),  # in the segment: SeekHead, Cues
    *(0x1941A469, 0x1043A770, 0x1254C367),  # Attachments, Chapters, Tags
    *(0x5854, 0xA7, 0xAB),  # in a cluster: SilentTracks, Position, PrevSize
)
GRAMMAR = {
    **dict.fromkeys((SEGMENT, CLUSTER), Treatment.ENTER),
    **dict.fromkeys((EBML, INFO, TRACKS, TIMESTAMP, SIMPLE_BLOCK, BLOCK_GROUP), Treatment.KEEP),
    **dict.fromkeys(_OF_NO_USE, Treatment.SKIP),
}
"""Every element that may occur in a segment or a cluster, except EncryptedBlock."""

MAX_PARTS_OF_GROUP = 8
"""More children than a group has: the block, its length, how much to skip of it."""
_BLOCK = 0xA1
_TIMESTAMP_SCALE = 0x2AD7B1
_DEFAULT_SCALE = 1_000_000
"""Nanoseconds per tick of the clock, if ``Info`` does not say."""
_DISCARD_PADDING = 0x75A2
_DOC_TYPE = 0x4282
_MAX_ID_LENGTH = 0x42F2
_MAX_SIZE_LENGTH = 0x42F3
_TRACK_ENTRY = 0xAE
_TRACK_NUMBER = 0xD7
_CODEC_ID = 0x86
_CODEC_PRIVATE = 0x63A2
_CONTENT_ENCODINGS = 0x6D80


@dataclass(frozen=True, slots=True)
class OpusTrack:
    """The track that is heard."""

    number: int
    head: OpusHead


@dataclass(frozen=True, slots=True)
class Block:
    """Packets of one track."""

    track: int
    packets: tuple[bytes, ...]
    ticks: int = 0
    """When it begins, after the time of its cluster."""
    discarded_nanoseconds: int = 0
    """How much to skip at the end of the last packet."""


def check_header(payload: bytes) -> None:
    """Check the payload of the EBML element that a WebM stream begins with.

    Raises:
        DecodeError: it begins something else.
    """
    fields = {child.id: child.payload for child in read_children(payload)}
    if fields.get(_DOC_TYPE, b"").rstrip(b"\0") not in (b"webm", b"matroska"):
        raise DecodeError("The stream is not WebM.")
    for id_of_limit, most in ((_MAX_ID_LENGTH, 4), (_MAX_SIZE_LENGTH, 8)):
        if int.from_bytes(fields.get(id_of_limit, b""), "big") > most:
            raise DecodeError("The stream is not WebM: its numbers are too long.")


def read_scale(payload: bytes) -> int:
    """Return the nanoseconds per tick of the clock, from the payload of ``Info``.

    Raises:
        DecodeError: it does not fit together.
    """
    fields = {child.id: child.payload for child in read_children(payload)}
    return read_unsigned(fields.get(_TIMESTAMP_SCALE, b"")) or _DEFAULT_SCALE


def read_unsigned(payload: bytes) -> int:
    """Return a number that is an element of its own: it has 8 bytes at most."""
    return int.from_bytes(payload[:8], "big")


def find_opus_track(payload: bytes) -> OpusTrack:
    """Return the first Opus track in the payload of ``Tracks``.

    Raises:
        DecodeError: there is none that can be decoded.
    """
    for fields in _entries(payload):
        if fields.get(_CODEC_ID, b"").rstrip(b"\0") == b"A_OPUS":
            if _CONTENT_ENCODINGS in fields:
                raise DecodeError("Compressed or encrypted WebM is not understood.")
            number = int.from_bytes(fields.get(_TRACK_NUMBER, b""), "big")
            head = read_opus_head(fields.get(_CODEC_PRIVATE, b""))
            return OpusTrack(number, head)
    raise DecodeError("There is no Opus sound in the stream.")


def refuse_other_codecs(payload: bytes) -> None:
    """Check that all tracks in the payload of ``Tracks`` are Opus.

    Raises:
        DecodeError: one is not.
    """
    if any(fields.get(_CODEC_ID, b"").rstrip(b"\0") != b"A_OPUS" for fields in _entries(payload)):
        raise DecodeError("There is something else than Opus in the stream.")


def _entries(payload: bytes) -> list[dict[int, bytes]]:
    """Return the fields of each track."""
    return [
        {child.id: child.payload for child in read_children(entry.payload)}
        for entry in read_children(payload)
        if entry.id == _TRACK_ENTRY
    ]


def read_group(payload: bytes, track: int | None = None) -> Block:
    """Return the contents of the payload of a ``BlockGroup``, as ``read_block`` does."""
    parts = read_children(payload, MAX_PARTS_OF_GROUP)
    fields = {child.id: child.payload for child in parts}
    block = read_block(fields.get(_BLOCK, b""), track)
    padding = int.from_bytes(fields.get(_DISCARD_PADDING, b""), "big", signed=True)
    return Block(block.track, block.packets, block.ticks, max(0, padding))


def read_block(payload: bytes, track: int | None = None) -> Block:
    """Return the contents of the payload of a ``SimpleBlock`` or ``Block``.

    If it does not belong to ``track``, its packets are left out; None: any track.

    Raises:
        DecodeError: it is damaged.
    """
    named = read_number(payload, 0)
    if named is None or len(payload) < named[1] + 3:
        raise _damaged()
    number, length = named
    if track not in (None, number):
        return Block(number, ())
    ticks = int.from_bytes(payload[length : length + 2], "big", signed=True)
    lacing, content = payload[length + 2] & 0x06, payload[length + 3 :]
    if not lacing:
        return Block(number, (content,), ticks)
    return Block(number, tuple(_unlace(lacing, content)), ticks)


def _unlace(lacing: int, content: bytes) -> Iterator[bytes]:
    """Yield the packets of a block that contains several (RFC 9559, 10.3)."""
    if not content:
        raise _damaged()
    count = content[0] + 1
    if lacing == 0x04:
        sizes, position = [(len(content) - 1) // count] * (count - 1), 1
    else:
        sizes, position = (_xiph_sizes if lacing == 0x02 else _ebml_sizes)(content, count - 1)
    for size in sizes:
        if size < 0 or position + size > len(content):
            raise _damaged()
        yield content[position : position + size]
        position += size
    yield content[position:]


def _xiph_sizes(content: bytes, count: int) -> tuple[list[int], int]:
    """Return the sizes of all packets but the last, and where the first begins."""
    sizes: list[int] = []
    position, left = 1, len(content)
    for _ in range(count):
        size = 0
        while content[position : position + 1] == b"\xff":
            size, position, left = size + 255, position + 1, left - 255
            if left < 0:  # in one step: adding up a hundred thousand of them takes long
                raise _damaged()
        if position >= len(content):
            raise _damaged()
        sizes.append(size + content[position])
        position += 1
    return sizes, position


def _ebml_sizes(content: bytes, count: int) -> tuple[list[int], int]:
    """Return the same; each size but the first is stored as a difference."""
    sizes: list[int] = []
    position = 1
    for _ in range(count):
        found = read_number(content, position)
        if found is None:
            raise _damaged()
        value, length = found
        middle = (1 << 7 * length - 1) - 1
        sizes.append(sizes[-1] + value - middle if sizes else value)
        position += length
    return sizes, position


def _damaged() -> DecodeError:
    return DecodeError("The stream is broken: a block of it is damaged.")
