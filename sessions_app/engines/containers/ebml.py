"""An incremental parser of EBML, the format of WebM (RFC 8794)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, overload

from sessions_app.core.errors import DecodeError


class Readable(Protocol):
    """Bytes, either in memory or in a mapped file."""

    def __len__(self) -> int:
        """Return how many there are."""
        ...

    @overload
    def __getitem__(self, at: int, /) -> int: ...

    @overload
    def __getitem__(self, at: slice, /) -> bytes | bytearray: ...


class Treatment(Enum):
    """What to do with an element of the stream."""

    ENTER = "enter"
    """Yield its header only; its children follow as elements of their own."""
    KEEP = "keep"
    """Yield it when all of it has arrived."""
    SKIP = "skip"
    """Skip it without buffering it."""


MAX_BYTES = {Treatment.KEEP: 128 * 1024, Treatment.SKIP: 1024 * 1024}
"""The largest element of each kind; the longest Opus packet has 61,298 bytes."""
MAX_CHILDREN = 32
"""More children than any element that is kept has."""


@dataclass(frozen=True, slots=True)
class Element:
    """An element of the stream; ``payload`` is empty if it is entered or skipped."""

    id: int
    payload: bytes = b""


class ElementReader:
    """Finds the elements in a stream of chunks, flat: the ends of entered elements are not tracked.

    ``grammar`` says which elements there may be, and how each is treated; any other element means
    that the stream is broken or that a part of it was lost.
    """

    def __init__(self, grammar: Mapping[int, Treatment]) -> None:
        self._grammar = grammar
        self._waiting = bytearray()
        self._skip = 0

    @property
    def waiting_bytes(self) -> int:
        """Return how many bytes are buffered of an element that has not fully arrived."""
        return len(self._waiting)

    @property
    def is_between_elements(self) -> bool:
        """Return whether no element is partly read."""
        return not self._waiting and not self._skip

    def read(self, chunk: bytes) -> Iterator[Element]:
        """Yield the elements that ``chunk`` completes; take all of them before the next chunk.

        Raises:
            DecodeError: the stream is broken.
        """
        self._waiting += chunk
        while self._is_past_skipped():
            header = read_header(self._waiting, 0)
            if header is None or not self._is_complete(header):
                return
            yield self._take(header)

    def _is_past_skipped(self) -> bool:
        passed = min(self._skip, len(self._waiting))
        del self._waiting[:passed]
        self._skip -= passed
        return not self._skip

    def _is_complete(self, header: "Header") -> bool:
        treatment = self._grammar.get(header.id)
        if treatment is None:
            raise DecodeError("The stream is broken: something in it is not WebM.")
        if treatment is Treatment.ENTER:
            return True
        if header.size > MAX_BYTES[treatment]:
            raise DecodeError("The stream is broken: a part of it claims to be too large.")
        return treatment is Treatment.SKIP or header.end <= len(self._waiting)

    def _take(self, header: "Header") -> Element:
        treatment = self._grammar[header.id]
        if treatment is Treatment.KEEP:
            payload = bytes(self._waiting[header.start : header.end])
            del self._waiting[: header.end]
            return Element(header.id, payload)
        del self._waiting[: header.start]
        if treatment is Treatment.SKIP:
            self._skip = header.size
        return Element(header.id)


def read_children(payload: bytes, most: int = MAX_CHILDREN) -> Iterator[Element]:
    """Yield the children of an element that was kept.

    Raises:
        DecodeError: they do not fit in it, or are too many.
    """
    position = count = 0
    while position < len(payload):
        header = read_header(payload, position)
        count += 1
        if header is None or header.end > len(payload) or count > most:
            raise DecodeError("The stream is broken: parts of it do not fit together.")
        yield Element(header.id, payload[header.start : header.end])
        position = header.end


def read_number(data: Readable, position: int) -> tuple[int, int] | None:
    """Return the variable-length number at ``position`` and its length; None: it is incomplete.

    Raises:
        DecodeError: no number begins so.
    """
    found = _read_marked(data, position)
    if found is None:
        return None
    marked, length = found
    return marked & ((1 << 7 * length) - 1), length


@dataclass(frozen=True, slots=True)
class Header:
    """An element's header; positions are relative to the beginning of the data."""

    id: int
    start: int
    """Where its payload begins."""
    size: int
    """Bytes of its payload; UNKNOWN if that was not known when it was written."""

    @property
    def end(self) -> int:
        """Return where its payload ends."""
        return self.start + self.size


UNKNOWN = 1 << 56
"""Larger than any size that can be written."""


def read_header(data: Readable, position: int) -> Header | None:
    """Return the header of the element at ``position``; None: it is incomplete.

    Raises:
        DecodeError: no element begins so.
    """
    identity = _read_marked(data, position)
    if identity is None:
        return None
    marked, length = identity
    if length > 4:
        raise DecodeError("The stream is broken: it is not WebM.")
    size = read_number(data, position + length)
    if size is None:
        return None
    is_unknown = size[0] == (1 << 7 * size[1]) - 1
    return Header(marked, position + length + size[1], UNKNOWN if is_unknown else size[0])


def _read_marked(data: Readable, position: int) -> tuple[int, int] | None:
    """Return the number at ``position`` with the bit that marks its length, and the length."""
    if position >= len(data):
        return None
    length = 9 - data[position].bit_length()
    if length > 8:
        raise DecodeError("The stream is broken: it is not WebM.")
    if position + length > len(data):
        return None
    return int.from_bytes(data[position : position + length], "big"), length
