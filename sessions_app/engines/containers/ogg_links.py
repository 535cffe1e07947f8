"""Ogg files with several streams in a row ("chained", RFC 3533, 4): each stream separately.

libav carries its state over from one stream to the next, which may have another codec.
"""

import os
from collections.abc import Iterator
from typing import BinaryIO

from sessions_app.engines.containers.ogg import HEADER_BYTES

_CAPTURE = b"OggS\0"
_FIRST = 2
_SEARCHED_BYTES = 64 * 1024


class Window:
    """The bytes of ``file`` from ``begin`` to ``end``, as a file of their own."""

    def __init__(self, file: BinaryIO, begin: int, end: int) -> None:
        self._file = file
        self._begin = begin
        self._size = end - begin
        self._position = 0

    def read(self, size: int) -> bytes:
        """Return the next bytes, at most ``size``; empty: there are no more."""
        self._file.seek(self._begin + self._position)
        taken = self._file.read(min(size, self._size - self._position))
        self._position += len(taken)
        return taken

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position, which may not lie before the beginning; return it."""
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = min(max(origin + offset, 0), self._size)
        return self._position

    def tell(self) -> int:
        """Return the current position."""
        return self._position


def find_ogg_links(file: BinaryIO) -> list[Window]:
    """Return the streams that an Ogg file contains in a row; empty: there is only one."""
    if file.read(len(_CAPTURE)) != _CAPTURE:
        file.seek(0)
        return []
    begins: list[int] = []
    is_head = False
    for position, flags in _pages(file):
        if flags & _FIRST and not is_head:
            begins.append(position)
        is_head = bool(flags & _FIRST)
    end = file.seek(0, os.SEEK_END)
    file.seek(0)
    if len(begins) < 2:
        return []
    return [Window(file, *bounds) for bounds in zip(begins, [*begins[1:], end], strict=True)]


def _pages(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Yield where each page begins, and its flags."""
    position = 0
    while True:
        file.seek(position)
        header = file.read(HEADER_BYTES)
        if len(header) < HEADER_BYTES:
            return
        if not header.startswith(_CAPTURE):
            position = _find_page(file, position + 1)
            continue
        yield position, header[5]
        sizes = file.read(header[-1])
        position += HEADER_BYTES + len(sizes) + sum(sizes)


def _find_page(file: BinaryIO, position: int) -> int:
    """Return where the next page, or what looks like one, begins; at most the end of the file."""
    file.seek(position)
    while len(searched := file.read(_SEARCHED_BYTES)) >= len(_CAPTURE):
        found = searched.find(_CAPTURE)
        if found >= 0:
            return position + found
        position += len(searched) - len(_CAPTURE) + 1
        file.seek(position)
    return file.seek(0, os.SEEK_END)
