"""Sends files in the byte ranges that players ask for (RFC 9110, section 14)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from sessions_app.access.error_responses import error_response
from sessions_app.transport.streaming import in_pieces

BLOCK_BYTES = 64 * 1024
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
"""A single range; a request for several gets the whole file, as the RFC allows."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes ``first`` to ``last``, both included, of something ``size`` bytes long."""

    first: int
    last: int
    size: int

    @property
    def length(self) -> int:
        """Return how many bytes it is."""
        return self.last - self.first + 1


class UnsatisfiableError(ValueError):
    """The range lies wholly outside the file."""


def parse_range(header: str, size: int) -> ByteRange | None:
    """Return the part that a Range header asks for of ``size`` bytes; None: the whole.

    Raises:
        UnsatisfiableError: it begins after the end.
    """
    match = RANGE.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        part = ByteRange(max(0, size - int(last)), size - 1, size)
    else:
        part = ByteRange(int(first), min(int(last or size), size - 1), size)
    if last and first and int(last) < int(first):
        return None
    if part.first >= size or part.length < 1:
        raise UnsatisfiableError
    return part


def answer(request: HttpRequest, path: Path, media_type: str, version: str) -> HttpResponseBase:
    """Return the file at ``path``, or the part of it that ``request`` asks for.

    ``version`` changes whenever the bytes do.

    Raises:
        OSError: the file is gone.
    """
    size = path.stat().st_size
    headers = {
        "Content-Type": media_type,
        "Accept-Ranges": "bytes",
        "ETag": f'"{version}"',
        "Cache-Control": "private, no-cache",
        "X-Content-Type-Options": "nosniff",
    }
    try:
        part = parse_range(_wanted(request, headers["ETag"]), size)
    except UnsatisfiableError:
        status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
        refusal = error_response(status, status.phrase)
        refusal.headers["Content-Range"] = f"bytes */{size}"
        return refusal
    if part is None:
        return _send(request, path, ByteRange(0, size - 1, size), HTTPStatus.OK, headers)
    headers["Content-Range"] = f"bytes {part.first}-{part.last}/{size}"
    return _send(request, path, part, HTTPStatus.PARTIAL_CONTENT, headers)


def _wanted(request: HttpRequest, etag: str) -> str:
    if request.headers.get("If-Range", etag) != etag:
        return ""
    return request.headers.get("Range", "")


def _send(
    request: HttpRequest, path: Path, part: ByteRange, status: int, headers: dict[str, str]
) -> HttpResponseBase:
    headers = headers | {"Content-Length": str(part.length)}
    if request.method == "HEAD":
        return HttpResponse(status=status, headers=headers)
    blocks = FileBlocks(path, part)
    return StreamingHttpResponse(in_pieces(request, blocks), status=status, headers=headers)


class FileBlocks:
    """The bytes of one part of a file, read as they are asked for.

    Raises:
        OSError: the file is gone.
    """

    def __init__(self, path: Path, part: ByteRange) -> None:
        self._file = path.open("rb")
        self._file.seek(part.first)
        self._left = part.length

    def __iter__(self) -> Iterator[bytes]:
        """Yield block after block, and close the file at its end."""
        with self._file:
            while self._left and (block := self._file.read(min(self._left, BLOCK_BYTES))):
                self._left -= len(block)
                yield block

    def close(self) -> None:
        """Close the file. May be called twice."""
        self._file.close()
