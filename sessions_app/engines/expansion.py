"""How much sound a stream may decode to: a bound in bytes, so that it needs no clock."""

from sessions_app.audio import to_samples
from sessions_app.errors import DecodeError

LEAST_BYTES_PER_SECOND = 100
"""Fewest bytes that honest sound takes, container included.

A muted microphone gives 258 bytes/s (WebM, packets of 60 ms) to 474 (20 ms), Opus speech at its
lowest rate 750. A stream made of two-byte packets that claim 120 ms each has 25 (Ogg) to 75 (WebM).
"""
FREE_SECONDS = 30
"""Sound that any stream may decode to before the ratio counts."""
MAX_CHUNK_SECONDS = 600
"""Sound that one chunk may decode to (19 MB): a 256 KiB message at 750 bytes/s holds 350 s."""


class Expansion:
    """Compares what one stream decoded to with the bytes that it took."""

    def __init__(self) -> None:
        self._allowed = to_samples(FREE_SECONDS)
        self._decoded = 0
        self._chunk = 0

    def receive(self, size: int) -> None:
        """Count a chunk of ``size`` bytes."""
        self._allowed += to_samples(size / LEAST_BYTES_PER_SECOND)
        self._chunk = 0

    def spend(self, samples: int) -> None:
        """Count ``samples`` at 16 kHz, before or after they are decoded.

        Raises:
            DecodeError: this is more than the bytes received can honestly hold.
        """
        self._decoded += samples
        self._chunk += samples
        if self._decoded > self._allowed or self._chunk > to_samples(MAX_CHUNK_SECONDS):
            raise DecodeError("The stream claims to hold more sound than its size allows.")
