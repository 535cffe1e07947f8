"""Live Ogg, looked through before libav sees it: what no browser sends is refused (RFC 3533)."""

from sessions_app.engines.opus_head import read_opus_head
from sessions_app.errors import DecodeError

HEADER_BYTES = 27
MAX_PACKET_BYTES = 64 * 1024
"""The longest Opus packet has 61,298 bytes; that of the comments is bounded likewise."""
_CONTINUED, _FIRST, _LAST = 1, 2, 4


class OggGuard:
    """Lets whole pages of one Opus stream through, and nothing else."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._serial: bytes | None = None
        self._has_ended = False
        self._packet_bytes = 0  # of the packet that goes on in the next page

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
        """Return the length of the page at ``position``; 0: it is not all there."""
        waiting = self._waiting
        if not b"OggS\0".startswith(waiting[position : position + 5]):
            raise DecodeError("The stream is broken: something in it is not Ogg.")
        if position + HEADER_BYTES > len(waiting):
            return 0
        content = position + HEADER_BYTES + waiting[position + HEADER_BYTES - 1]
        if content > len(waiting):
            return 0
        end = content + sum(waiting[position + HEADER_BYTES : content])
        return end - position if end <= len(waiting) else 0

    def _check(self, page: bytes) -> None:
        flags, serial = page[5], page[14:18]
        sizes = page[HEADER_BYTES : HEADER_BYTES + page[HEADER_BYTES - 1]]
        if self._serial is None:
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

    def _count(self, sizes: bytes, *, is_continued: bool) -> None:
        packet = self._packet_bytes if is_continued else 0
        for size in sizes:
            packet += size
            if packet > MAX_PACKET_BYTES:
                raise DecodeError("The stream is broken: a packet of it is too large.")
            if size < 255:
                packet = 0
        self._packet_bytes = packet
