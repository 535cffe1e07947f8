"""The header of Opus sound, as WebM and Ogg carry it (RFC 7845, 5.1)."""

from dataclasses import dataclass

from sessions_app.core.errors import DecodeError

MAGIC = b"OpusHead"


@dataclass(frozen=True, slots=True)
class OpusHead:
    """The fields that decoding needs."""

    channels: int
    """One or two."""
    pre_skip: int
    """Samples at 48 kHz to skip at the beginning."""
    gain: int
    """Output gain, in 1/256 dB."""


def read_opus_head(head: bytes) -> OpusHead:
    """Return what ``head`` says.

    Raises:
        DecodeError: it is damaged, or says more than two channels.
    """
    if len(head) < 19 or not head.startswith(MAGIC) or head[8] > 15:
        raise DecodeError("The stream is broken: its Opus header is damaged.")
    if not 1 <= head[9] <= 2 or head[18] != 0:
        raise DecodeError("Opus with more than two channels is not understood.")
    pre_skip = int.from_bytes(head[10:12], "little")
    return OpusHead(head[9], pre_skip, int.from_bytes(head[16:18], "little", signed=True))
