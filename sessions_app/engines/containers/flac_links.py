"""FLAC files with several streams in a row, as `cat` makes them: each stream separately.

libav applies the header of the first stream to all, and drops what does not match it.
"""

import os
import re
from typing import BinaryIO

from sessions_app.engines.containers.ogg_links import Window

_HEAD = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22")
"""How a stream begins: its magic number, and 34 bytes that describe it (RFC 9639, 8)."""
_HEAD_BYTES = 8
_SEARCHED_BYTES = 1024 * 1024


def find_flac_links(file: BinaryIO) -> list[Window]:
    """Return the streams that a FLAC file contains in a row; empty: there is only one."""
    begins = _begins_of(file) if _HEAD.match(file.read(_HEAD_BYTES)) else []
    end = file.seek(0, os.SEEK_END)
    file.seek(0)
    if len(begins) < 2:
        return []
    return [Window(file, *bounds) for bounds in zip(begins, [*begins[1:], end], strict=True)]


def _begins_of(file: BinaryIO) -> list[int]:
    begins: list[int] = []
    position = file.seek(0)
    kept = b""
    while searched := file.read(_SEARCHED_BYTES):
        searched = kept + searched
        begins += [position + found.start() for found in _HEAD.finditer(searched)]
        kept = searched[1 - _HEAD_BYTES :]
        position += len(searched) - len(kept)
    return begins
