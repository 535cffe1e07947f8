"""How much of a stream that broke off is complete: where to cut it, so that anything plays it."""

from sessions_app.core.audio import SAMPLE_BYTES, Encoding
from sessions_app.core.errors import DecodeError
from sessions_app.engines.containers import matroska
from sessions_app.engines.containers.ebml import Readable, Treatment, read_header
from sessions_app.engines.containers.wav import HEADER_BYTES

_OGG_HEADER_BYTES = 27
_MP4_HEADER_BYTES = 8


def whole_bytes(stream: Readable, encoding: Encoding) -> int:
    """Return how many bytes of ``stream`` to keep: up to its last whole block, page or fragment.

    PCM is expected with its WAV header.
    """
    if encoding is Encoding.WEBM_OPUS:
        return _whole_webm(stream)
    if encoding is Encoding.OGG_OPUS:
        return _whole_ogg(stream)
    if encoding is Encoding.MP4_AAC:
        return _whole_mp4(stream)
    samples = max(len(stream) - HEADER_BYTES, 0) // SAMPLE_BYTES
    return min(len(stream), HEADER_BYTES + samples * SAMPLE_BYTES)


def _whole_webm(stream: Readable) -> int:
    position = 0
    while True:
        try:
            header = read_header(stream, position)
        except DecodeError:
            return position
        treatment = matroska.GRAMMAR.get(header.id) if header else None
        if header is None or treatment is None:
            return position
        if treatment is Treatment.ENTER:
            position = header.start
        elif header.end <= len(stream):
            position = header.end
        else:
            return position


def _whole_ogg(stream: Readable) -> int:
    """Walk the pages (RFC 3533, 6)."""
    position = 0
    while stream[position : position + 4] == b"OggS":
        if position + _OGG_HEADER_BYTES > len(stream):
            break
        content = position + _OGG_HEADER_BYTES + stream[position + _OGG_HEADER_BYTES - 1]
        sizes = stream[position + _OGG_HEADER_BYTES : content]
        if content > len(stream) or content + sum(sizes) > len(stream):
            break
        position = content + sum(sizes)
    return position


def _whole_mp4(stream: Readable) -> int:
    """Walk the boxes (ISO 14496-12, 4.2); a fragment is complete with the data that follows it."""
    position = whole = 0
    while position + _MP4_HEADER_BYTES <= len(stream):
        size = int.from_bytes(stream[position : position + 4], "big")
        if size == 1:  # the length follows, in 64 bits
            size = int.from_bytes(stream[position + 8 : position + 16], "big")
        if size < _MP4_HEADER_BYTES or position + size > len(stream):
            break
        kind, position = stream[position + 4 : position + 8], position + size
        if kind != b"moof":
            whole = position
    return whole
