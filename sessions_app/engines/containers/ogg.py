"""Live Ogg, validated before libav sees it: what no browser sends is rejected (RFC 3533).

Several streams may follow each other ("chained"), as those of a radio do: each begins with two
packets of headers.
"""

from sessions_app.core.errors import DecodeError
from sessions_app.engines.containers.opus_head import read_opus_head

HEADER_BYTES = 27
MAX_PACKET_BYTES = 64 * 1024
"""The longest Opus packet has 61,298 bytes; the packet of comments has the same bound."""
HEADER_PACKETS = 2
"""Those of a stream that come before its sound (RFC 7845, 3)."""
_CONTINUED, _FIRST, _LAST = 1, 2, 4


class OggGuard:
    """Lets whole pages of consecutive Opus streams through, and nothing else."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._serial: bytes | None = None
        self._has_ended = False
        self._packets = 0  # complete ones of this stream
        self._packet_bytes = 0  # of the packet that continues on the next page

    def take(self, chunk: bytes) -> bytes:
        """Take the next chunk; return the pages that it completes.

        Raises:
            DecodeError: no browser sends this.
        """
        self._waiting += chunk
        position = 0
        while size := self._size_of_page(position):
            self._check(bytes(self._waiting[position : position + size]))
            position += size
        passed = bytes(self._waiting[:position])
        del self._waiting[:position]
        return passed

    def _size_of_page(self, position: int) -> int:
        """Return the length of the page at ``position``; 0: it is incomplete."""
        waiting = self._waiting
        if not b"OggS\0".startswith(waiting[position : position + 5]):
            raise DecodeError("The stream is broken: something in it is not Ogg.")
        size = _size_of_page(waiting, position)
        return size if position + size <= len(waiting) else 0

    def _check(self, page: bytes) -> None:
        flags, serial = page[5], page[14:18]
        sizes = page[HEADER_BYTES : HEADER_BYTES + page[HEADER_BYTES - 1]]
        has_sound = self._packets > HEADER_PACKETS
        if self._serial is None or (has_sound and flags & _FIRST):
            self._begin(flags, page[HEADER_BYTES + len(sizes) :])
            self._serial = serial
        elif serial != self._serial or flags & _FIRST:
            raise DecodeError("A second stream begins inside of the first.")
        if self._has_ended:
            raise DecodeError("The stream goes on after its end.")
        self._has_ended = bool(flags & _LAST)
        self._count(sizes, is_continued=bool(flags & _CONTINUED))

    def _begin(self, flags: int, content: bytes) -> None:
        if not flags & _FIRST:
            raise DecodeError("The stream does not begin with an Ogg header.")
        read_opus_head(content)
        self._has_ended = False
        self._packets = 0

    def _count(self, sizes: bytes, *, is_continued: bool) -> None:
        packet = self._packet_bytes if is_continued else 0
        for size in sizes:
            packet += size
            if packet > MAX_PACKET_BYTES:
                raise DecodeError("The stream is broken: a packet of it is too large.")
            if size < 255:
                packet = 0
                self._packets += 1
        self._packet_bytes = packet


def links_in(pages: bytes) -> list[bytes]:
    """Return complete ``pages``, split where a stream begins.

    The first part belongs to the stream before; it may be empty.
    """
    cuts = [0]
    position = 0
    while position < len(pages):
        if pages[position + 5] & _FIRST:
            cuts.append(position)
        position += _size_of_page(pages, position)
    return [pages[begin:end] for begin, end in zip(cuts, [*cuts[1:], len(pages)], strict=True)]


def _size_of_page(stream: bytes | bytearray, position: int) -> int:
    """Return the length of the page at ``position``; 0: its header is incomplete."""
    if position + HEADER_BYTES > len(stream):
        return 0
    content = position + HEADER_BYTES + stream[position + HEADER_BYTES - 1]
    if content > len(stream):
        return 0
    return content + sum(stream[position + HEADER_BYTES : content]) - position
