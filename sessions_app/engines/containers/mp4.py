"""Live MP4, validated before libav sees it: what no browser sends is rejected (ISO 14496-12).

A live stream is fragmented: its ``moov`` describes tracks and lists no samples, and each ``moof``
lists those of the ``mdat`` that follows it. libav believes what a list claims before any of it has
arrived, so each claim is compared here with the bytes that are there. Boxes that are not needed to
decode sound are blanked, so that libav does not read them at all.
"""

from sessions_app.core.errors import DecodeError
from sessions_app.engines.containers.mp4_boxes import Box, read_box
from sessions_app.engines.containers.mp4_fragments import Defaults, check_fragment
from sessions_app.engines.containers.mp4_tracks import check_tracks

MAX_BYTES = {b"ftyp": 1024, b"moov": 64 * 1024, b"moof": 256 * 1024, b"mdat": 16 * 1024 * 1024}
"""The largest box of each kind that libav gets; a second of sound has about 16 kB."""
MAX_BLANKED_BYTES = 16 * 1024 * 1024
"""The largest box that is not needed, such as the index at the end; it is not buffered."""
OF_NO_USE = frozenset(b"styp sidx ssix emsg prft pdin mfra free skip wide uuid udta meta".split())


class Mp4Guard:
    """Lets whole boxes of a fragmented MP4 through, and the sound in them as it arrives."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._passing = 0  # bytes of the open box that have yet to arrive
        self._is_blanking = False
        self._has_type = False
        self._defaults: Defaults | None = None
        self._announced: int | None = None  # bytes of samples that the next mdat must contain

    def take(self, chunk: bytes) -> bytes:
        """Take the next chunk; return what may go on to libav.

        Raises:
            DecodeError: no browser sends this.
        """
        self._waiting += chunk
        passed = bytearray()
        while self._waiting:
            taken = self._pass() if self._passing else self._open_box()
            if not taken:
                break
            passed += taken
        return bytes(passed)

    def _pass(self) -> bytes:
        content = bytes(self._waiting[: self._passing])
        del self._waiting[: len(content)]
        self._passing -= len(content)
        return bytes(len(content)) if self._is_blanking else content

    def _open_box(self) -> bytes:
        """Return the next box, or only its header if its content is passed on as it arrives."""
        box = read_box(self._waiting, 0, None)
        if box is None:
            return b""
        self._refuse_if_misplaced(box)
        if box.kind in OF_NO_USE:
            return self._begin_passing(box, is_blanking=True)
        if box.kind == b"mdat":
            self._compare(box.end - box.start)
            return self._begin_passing(box, is_blanking=False)
        if box.end > len(self._waiting):
            return b""
        content = self._waiting[: box.end]
        del self._waiting[: box.end]
        self._look_into(box, content)
        return bytes(content)

    def _refuse_if_misplaced(self, box: Box) -> None:
        most = MAX_BLANKED_BYTES if box.kind in OF_NO_USE else MAX_BYTES.get(box.kind)
        if most is None or not (self._has_type or box.kind == b"ftyp"):
            raise DecodeError("The stream is broken, or it is not MP4.")
        if box.end > most:
            raise DecodeError("The stream is broken: a part of it claims to be too large.")
        if (box.kind == b"ftyp" and self._has_type) or (
            box.kind == b"moov" and self._defaults is not None
        ):
            raise DecodeError("A second stream begins inside of the first.")
        if box.kind in (b"moof", b"mdat") and self._defaults is None:
            raise DecodeError("The stream is broken: sound comes before its description.")

    def _begin_passing(self, box: Box, *, is_blanking: bool) -> bytes:
        header = bytearray(self._waiting[: box.start])
        del self._waiting[: box.start]
        self._passing, self._is_blanking = box.end - box.start, is_blanking
        if is_blanking:
            header[4:8] = b"skip"
        return bytes(header)

    def _look_into(self, box: Box, content: bytearray) -> None:
        if box.kind == b"ftyp":
            self._has_type = True
        elif box.kind == b"moov":
            self._defaults = check_tracks(content, box)
        elif self._announced is not None or self._defaults is None:
            raise DecodeError("The stream is broken: a fragment of it has no sound.")
        else:
            self._announced = check_fragment(content, box, self._defaults)

    def _compare(self, size: int) -> None:
        """Reject an mdat of ``size`` that cannot contain what was announced."""
        if self._announced is not None and self._announced > size:
            raise DecodeError("The stream claims to hold more sound than its size allows.")
        self._announced = None
