"""MP4 put together by hand: a live stream as Safari makes it, and any box of it changed."""

import struct
from collections.abc import Mapping

AAC = bytes([0x14, 0x08])  # AAC-LC, 16 kHz, mono
SILENCE = bytes.fromhex("0114800410")
"""A frame without sound, which libav may decode or skip."""


def box(kind: bytes, *parts: bytes, size: int | None = None) -> bytes:
    """Return a box; ``size`` replaces the true one."""
    content = b"".join(parts)
    return struct.pack(">I4s", len(content) + 8 if size is None else size, kind) + content


def full(kind: bytes, *parts: bytes, flags: int = 0) -> bytes:
    """Return a box with version 0 and ``flags``."""
    return box(kind, flags.to_bytes(4, "big"), *parts)


def numbers(*values: int) -> bytes:
    """Return 32-bit numbers."""
    return struct.pack(f">{len(values)}I", *values)


def esds(specific: bytes = AAC, *, claims: int | None = None, codec: int = 0x40) -> bytes:
    """Return the description of AAC; ``claims`` replaces its true length."""
    length = len(specific) if claims is None else claims
    sized = bytes([5, *_long(length)]) + specific
    config = bytes([4, *_long(13 + len(sized)), codec, 0x15]) + bytes(11) + sized
    return full(b"esds", bytes([3, *_long(3 + len(config))]), b"\0\1\0", config)


def _long(length: int) -> list[int]:
    return [
        length >> 21 | 0x80,
        length >> 14 & 0x7F | 0x80,
        length >> 7 & 0x7F | 0x80,
        length & 0x7F,
    ]


def sample_entry(*inside: bytes, kind: bytes = b"mp4a") -> bytes:
    """Return the description of sound."""
    head = bytes(6) + b"\0\1" + bytes(8) + struct.pack(">HHHHI", 1, 16, 0, 0, 16_000 << 16)
    return box(kind, head, *(inside or (esds(),)))


TABLES: Mapping[bytes, bytes] = {
    b"stsd": full(b"stsd", numbers(1), sample_entry()),
    b"stts": full(b"stts", numbers(0)),
    b"stsc": full(b"stsc", numbers(0)),
    b"stsz": full(b"stsz", numbers(0, 0)),
    b"stco": full(b"stco", numbers(0)),
}


def track(
    number: int = 1,
    *,
    tables: Mapping[bytes, bytes] | None = None,
    more: bytes = b"",
    handler: bytes = b"soun",
) -> bytes:
    """Return a track; ``tables`` replace the usual ones, or are added."""
    stbl = box(b"stbl", *{**TABLES, **(tables or {})}.values())
    minf = box(b"minf", full(b"smhd", bytes(4)), stbl)
    mdhd = full(b"mdhd", numbers(0, 0, 16_000, 0), b"\x55\xc4\0\0")
    hdlr = full(b"hdlr", numbers(0), handler, bytes(13))
    tkhd = full(b"tkhd", numbers(0, 0, number, 0, 0), bytes(60), flags=3)
    return box(b"trak", tkhd, more, box(b"mdia", mdhd, hdlr, minf))


def description(*tracks: bytes, more: bytes = b"", extends: bytes | None = None) -> bytes:
    """Return everything before the first fragment."""
    mvhd = full(b"mvhd", numbers(0, 0, 16_000, 0), b"\0\1\0\0\1\0", bytes(70), numbers(2))
    trex = full(b"trex", numbers(1, 1, 1024, 0, 0)) if extends is None else extends
    moov = box(b"moov", mvhd, *(tracks or (track(),)), box(b"mvex", trex), more)
    return box(b"ftyp", b"iso5\0\0\2\0iso5iso6mp41") + moov


def fragment(
    samples: list[bytes], *, run: bytes | None = None, more: bytes = b"", mdat: bytes | None = None
) -> bytes:
    """Return a fragment of ``samples``; ``run`` and ``mdat`` replace the true ones."""
    tfhd = full(b"tfhd", numbers(1), flags=0x020000)
    tfdt = full(b"tfdt", numbers(0))
    if run is None:
        sizes = numbers(*map(len, samples))
        run = full(b"trun", numbers(len(samples), 0), sizes, flags=0x201)
    moof = box(b"moof", full(b"mfhd", numbers(1)), box(b"traf", tfhd, tfdt, run, more))
    return moof + (box(b"mdat", *samples) if mdat is None else mdat)
