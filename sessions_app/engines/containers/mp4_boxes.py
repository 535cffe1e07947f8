"""The boxes of MP4: where each begins and ends, and a walk through nested ones."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sessions_app.core.errors import DecodeError
from sessions_app.engines.containers.ebml import Readable

MAX_BOXES = 512
"""More than the description of any live stream, or a fragment, has."""

Grammar = Mapping[bytes, frozenset[bytes]]
"""The kinds of boxes that are entered, and which boxes libav may find in each."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box; positions are relative to the beginning of the data."""

    kind: bytes
    start: int
    """Where its content begins."""
    end: int
    path: tuple[bytes, ...] = ()
    """The kinds of the boxes around it."""


def read_box(data: Readable, position: int, end: int | None) -> Box | None:
    """Return the box at ``position``; None: its header is incomplete.

    ``end`` is where the box around it ends; None: there is none.

    Raises:
        DecodeError: no box begins so.
    """
    most = len(data) if end is None else end
    start = position + 8
    if start > most:
        _refuse_if_inside(end)
        return None
    size = int.from_bytes(data[position : position + 4], "big")
    if size == 1:  # the length follows, in 64 bits
        start += 8
        if start > most:
            _refuse_if_inside(end)
            return None
        size = int.from_bytes(data[position + 8 : position + 16], "big")
    # a size of 0 means: to the end of the file, which a live stream does not have
    if position + size < start or (end is not None and position + size > end):
        raise misfit()
    return Box(bytes(data[position + 4 : position + 8]), start, position + size)


def walk(data: bytearray, outer: Box, grammar: Grammar) -> Iterator[Box]:
    """Yield all known boxes in ``outer``, at any depth; blank all others.

    A box that ``grammar`` knows only elsewhere is rejected.

    Raises:
        DecodeError: they do not fit together, or are too many.
    """
    known = frozenset().union(*grammar.values())
    count = 0
    inside = [(outer, outer.start)]
    while inside:
        around, position = inside.pop()
        if position >= around.end:
            continue
        box = read_box(data, position, around.end)
        count += 1
        if box is None or count > MAX_BOXES:
            raise misfit()
        inside.append((around, box.end))
        if box.kind in grammar[around.kind]:
            path = (*around.path, around.kind)
            box = Box(box.kind, box.start, box.end, path)
            yield box
            if box.kind in grammar:
                inside.append((box, box.start))
        elif box.kind in known or box.kind in REFUSED:
            raise misfit()
        else:
            blank(data, position, box)


REFUSED = frozenset((b"moov", b"cmov", b"moof", b"mdat", b"pssh", b"senc", b"saiz", b"saio"))
"""Boxes that no live stream has inside of another: compressed, encrypted, or nested."""


def blank(data: bytearray, position: int, box: Box) -> None:
    """Turn the box at ``position`` into one that libav ignores; nothing moves."""
    # not `free`: libav searches that for a description
    data[position + 4 : position + 8] = b"skip"
    data[box.start : box.end] = bytes(box.end - box.start)


def read_int(data: Readable, position: int, box: Box, size: int = 4) -> int:
    """Return the number at ``position``, which must lie in ``box``.

    Raises:
        DecodeError: it does not.
    """
    if position + size > box.end:
        raise misfit()
    return int.from_bytes(data[position : position + size], "big")


def misfit() -> DecodeError:
    """Return the error for boxes that do not fit together."""
    return DecodeError("The stream is broken: parts of it do not fit together.")


def _refuse_if_inside(end: int | None) -> None:
    if end is not None:
        raise misfit()
