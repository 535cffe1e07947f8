"""How much sound a stream or a file may decode to: bounded by its bytes, not by a clock."""

from sessions_app.core.audio import to_samples
from sessions_app.core.errors import DecodeError

LEAST_BYTES_PER_SECOND = 100
"""The fewest bytes per second that real sound takes, container included.

A muted microphone gives 258 bytes/s (WebM, packets of 60 ms) to 474 (20 ms), Opus speech at its
lowest rate 750. A stream made of two-byte packets that claim 120 ms each has 25 (Ogg) to 75 (WebM).
"""
FREE_SECONDS = 30
"""Seconds of sound that any stream may decode to before the ratio counts."""
MAX_CHUNK_SECONDS = 600
"""Sound that one chunk may decode to (19 MB): a 256 KiB message at 750 bytes/s contains 350 s."""
FREE_SILENCE_SECONDS = 3600
"""Silence that may fill the gaps of any stream or file, before the ratio counts.

A machine that sleeps sends nothing meanwhile; a wrong timestamp would mean hours.
"""

LEAST_BYTES_PER_SECOND_OF_FILE = 16
"""The fewest bytes that a second of a real file takes: silence has 127 as AAC, 135 as FLAC ..."""
FREE_SECONDS_OF_FILE = 3600
"""... plus what any file may contain. A megabyte of WAV at one sample a second has 11 days."""


def seconds_of_file(size: int) -> float:
    """Return how long the sound of a file of ``size`` bytes may be, silence in gaps included."""
    return FREE_SECONDS_OF_FILE + size / LEAST_BYTES_PER_SECOND_OF_FILE


class SilenceBudget:
    """How much silence may fill the gaps of one stream or file, in ``seconds``."""

    def __init__(self, seconds: float = FREE_SILENCE_SECONDS) -> None:
        self.seconds = seconds

    def take(self, seconds: float) -> bool:
        """Take this much of it; return whether it was left: all of it, or nothing is taken."""
        if seconds > self.seconds:
            return False
        self.seconds -= seconds
        return True


def silence_of_file(size: int) -> SilenceBudget:
    """Return the budget for the gaps of a file of ``size`` bytes; it leaves room for its sound."""
    return SilenceBudget(FREE_SILENCE_SECONDS + size / LEAST_BYTES_PER_SECOND_OF_FILE / 2)


class Expansion:
    """Compares how much one stream decodes to with the bytes that it took."""

    def __init__(self) -> None:
        self._allowed = to_samples(FREE_SECONDS)
        self._decoded = 0
        self._chunk = 0
        self.silence = SilenceBudget()

    def receive(self, size: int) -> None:
        """Count a chunk of ``size`` bytes."""
        self._allowed += to_samples(size / LEAST_BYTES_PER_SECOND)
        self.silence.seconds += size / LEAST_BYTES_PER_SECOND
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
