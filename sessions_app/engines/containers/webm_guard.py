"""Live WebM, validated before libav sees it; used only where there is no libopus."""

from sessions_app.core.errors import DecodeError
from sessions_app.engines.containers import matroska
from sessions_app.engines.containers.ebml import Element, ElementReader


class WebmGuard:
    """Lets whole elements of a stream with Opus through, and nothing else."""

    def __init__(self) -> None:
        self._reader = ElementReader(matroska.GRAMMAR)
        self._waiting = bytearray()
        self._has_header = False
        self._has_track = False

    def take(self, chunk: bytes) -> bytes:
        """Take the next chunk; return the elements that it completes.

        Raises:
            DecodeError: no browser sends this.
        """
        self._waiting += chunk
        for element in self._reader.read(chunk):
            self._check(element)
        whole = len(self._waiting) - self._reader.waiting_bytes
        passed = bytes(self._waiting[:whole])
        del self._waiting[:whole]
        return passed

    def _check(self, element: Element) -> None:
        if element.id == matroska.EBML:
            if self._has_header:
                raise DecodeError("A second stream begins inside of the first.")
            matroska.check_header(element.payload)
            self._has_header = True
        elif not self._has_header:
            raise DecodeError("The stream does not begin with a WebM header.")
        elif element.id == matroska.TRACKS:
            matroska.refuse_other_codecs(element.payload)
            matroska.find_opus_track(element.payload)
            self._has_track = True
        elif element.id in (matroska.SIMPLE_BLOCK, matroska.BLOCK_GROUP):
            self._check_block(element)

    def _check_block(self, element: Element) -> None:
        if not self._has_track:
            raise DecodeError("The stream is broken: sound comes before its description.")
        is_group = element.id == matroska.BLOCK_GROUP
        (matroska.read_group if is_group else matroska.read_block)(element.payload)
