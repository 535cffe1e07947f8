"""What the description of a live MP4 may contain: tracks of sound, and no samples."""

from sessions_app.core.errors import DecodeError
from sessions_app.engines.containers.mp4_boxes import (
    Box,
    Grammar,
    blank,
    misfit,
    read_box,
    read_int,
    walk,
)
from sessions_app.engines.containers.mp4_fragments import Defaults

MAX_TRACKS = 4
MAX_EDITS = 8
MAX_LEAF_BYTES = 4096
"""The largest box without children."""

_TABLES = frozenset(
    (b"stts", b"stsc", b"stsz", b"stz2", b"stco", b"co64", b"ctts", b"stss", b"stps")
)
"""The lists of samples; all but stsz and stz2 have their count in the same place."""
GRAMMAR: Grammar = {
    b"moov": frozenset((b"mvhd", b"trak", b"mvex")),
    b"trak": frozenset((b"tkhd", b"edts", b"mdia")),
    b"edts": frozenset((b"elst",)),
    b"mdia": frozenset((b"mdhd", b"hdlr", b"minf")),
    b"minf": frozenset((b"stbl",)),
    b"stbl": frozenset((b"stsd",)) | _TABLES,
    b"mvex": frozenset((b"trex",)),
}
_SOUNDS = {b"mp4a": frozenset((b"esds",)), b"Opus": frozenset((b"dOps",))}
"""How sound may be described, and the child boxes that libav needs."""
_SOUND = int.from_bytes(b"soun", "big")
_SOUND_BYTES = 28
"""The bytes before those boxes, in version 0 of the description; other versions are QuickTime's."""
_ES, _CONFIG, _SPECIFIC = 3, 4, 5  # descriptors of ISO 14496-1, 7.2.6
_MPEG_4_AUDIO = 0x40  # ISO 14496-1, 7.2.6.6: the codec of the box named mp4a
_AAC = (2, 5, 29)  # ISO 14496-3, 1.5.1: LC, the same with SBR, and with PS too


def check_tracks(data: bytearray, moov: Box) -> Defaults:
    """Check the description of a live stream; return what its fragments need from it.

    What libav does not need is blanked in ``data``.

    Raises:
        DecodeError: it lists samples, is no description of sound, or does not fit together.
    """
    tracks = 0
    defaults: Defaults = {}
    for box in walk(data, moov, GRAMMAR):
        tracks += box.kind == b"trak"
        if tracks > MAX_TRACKS or len(defaults) > MAX_TRACKS:
            raise misfit()
        if box.kind not in GRAMMAR and box.end - box.start > MAX_LEAF_BYTES:
            raise DecodeError("The stream is broken: a part of it claims to be too large.")
        _check_leaf(data, box, defaults)
    if not defaults:
        raise _not_live()
    return defaults


def _check_leaf(data: bytearray, box: Box, defaults: Defaults) -> None:
    if box.kind in _TABLES:
        _refuse_samples(data, box)
    elif box.kind == b"elst":
        _check_edits(data, box)
    elif box.kind == b"hdlr":
        if read_int(data, box.start + 8, box) != _SOUND:
            raise _not_understood()
    elif box.kind == b"stsd":
        _check_descriptions(data, box)
    elif box.kind == b"trex":
        track = read_int(data, box.start + 4, box)
        if track in defaults:
            raise misfit()
        defaults[track] = read_int(data, box.start + 16, box)


def _refuse_samples(data: bytearray, table: Box) -> None:
    count_at = table.start + (8 if table.kind in (b"stsz", b"stz2") else 4)
    if read_int(data, count_at, table):
        raise _not_live()


def _check_edits(data: bytearray, edits: Box) -> None:
    count = read_int(data, edits.start + 4, edits)
    size = 20 if data[edits.start] == 1 else 12
    if count > MAX_EDITS or edits.start + 8 + count * size > edits.end:
        raise misfit()


def _check_descriptions(data: bytearray, table: Box) -> None:
    """Check a table that describes one kind of sound, and what libav reads of it."""
    count = read_int(data, table.start + 4, table)
    sound = read_box(data, table.start + 8, table.end)
    if count != 1 or sound is None or sound.end != table.end or sound.kind not in _SOUNDS:
        raise _not_understood()
    if read_int(data, sound.start + 8, sound, 2):
        raise misfit()
    position = sound.start + _SOUND_BYTES
    while position < sound.end:
        box = read_box(data, position, sound.end)
        if box is None:
            raise misfit()
        if box.kind not in _SOUNDS[sound.kind]:
            blank(data, position, box)
        elif box.kind == b"esds":
            _check_descriptors(data, box)
        else:
            _check_opus(data, box)
        position = box.end


def _check_opus(data: bytearray, box: Box) -> None:
    """Check the description of an Opus track (Opus in ISOBMFF, 4.3.2)."""
    if not 1 <= read_int(data, box.start + 1, box, 1) <= 2 or read_int(
        data, box.start + 10, box, 1
    ):
        raise DecodeError("Opus with more than two channels is not understood.")


def _check_descriptors(data: bytearray, box: Box) -> None:
    """Check nested descriptors, none of which may be larger than the one around it."""
    position, end = box.start + 4, box.end
    for tag, fixed in ((_ES, 3), (_CONFIG, 13), (_SPECIFIC, 0)):
        if read_int(data, position, box, 1) != tag:
            raise misfit()
        size, position = _read_length(data, position + 1, box)
        if position + size > end or size < fixed:
            raise misfit()
        end = position + size
        if tag == _ES and data[position + 2] & 0xE0:  # refers to other streams, or to an address
            raise misfit()
        if tag == _CONFIG and data[position] != _MPEG_4_AUDIO:
            raise _not_understood()
        position += fixed
    if position >= end or data[position] >> 3 not in _AAC:
        raise _not_understood()


def _read_length(data: bytearray, position: int, box: Box) -> tuple[int, int]:
    """Return a descriptor's length, in up to four bytes of 7 bits, and where its content begins."""
    size = 0
    for at in range(position, position + 4):
        byte = read_int(data, at, box, 1)
        size = size << 7 | byte & 0x7F
        if not byte & 0x80:
            return size, at + 1
    raise misfit()


def _not_understood() -> DecodeError:
    return DecodeError("There is no sound in the stream that is understood.")


def _not_live() -> DecodeError:
    return DecodeError("This MP4 is not a live one: its sound does not come in fragments.")
