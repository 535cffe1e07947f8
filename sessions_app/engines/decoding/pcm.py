"""Plain samples, resampled to 16 kHz; chunks may end at any byte."""

import numpy as np
from av import AudioFrame

from sessions_app.core.audio import SAMPLE_BYTES, SAMPLE_RATE
from sessions_app.core.errors import DecodeError
from sessions_app.engines.decoding.resampling import Resampler

LOWEST_RATE = 8_000
HIGHEST_RATE = 192_000
MOST_SECONDS = 2
"""The most sound that one call returns."""


class PcmDecoder:
    """Takes s16le mono samples at ``sample_rate`` Hz; returns them at 16 kHz.

    Raises:
        DecodeError: the rate is not 8,000 to 192,000.
    """

    def __init__(self, sample_rate: int = SAMPLE_RATE) -> None:
        if not LOWEST_RATE <= sample_rate <= HIGHEST_RATE:
            raise DecodeError(f"The sample rate must be {LOWEST_RATE} to {HIGHEST_RATE} Hz.")
        self._rate = sample_rate
        self._resampler = None if sample_rate == SAMPLE_RATE else Resampler()
        self._rest = b""
        self._most_bytes = MOST_SECONDS * sample_rate * SAMPLE_BYTES

    silence_samples = 0
    """Always 0: plain samples have no clock of their own."""

    @property
    def has_more(self) -> bool:
        """Whether more was handed over than is decoded; ``decode(b"")`` goes on with it."""
        return len(self._rest) >= SAMPLE_BYTES

    def decode(self, chunk: bytes) -> bytes:
        """Take the next bytes; return the 16 kHz PCM that they complete."""
        sound = self._rest + chunk
        whole = min(len(sound) // SAMPLE_BYTES * SAMPLE_BYTES, self._most_bytes)
        self._rest = sound[whole:]
        pcm = sound[:whole]
        return self._resample(pcm, self._resampler) if self._resampler and pcm else pcm

    def flush(self) -> bytes:
        """Return what the resampler still holds; half a sample is dropped."""
        self._rest = b""
        return b"" if self._resampler is None else self._resampler.take(None)

    def close(self) -> None:
        """Release everything. May be called twice, and in any state."""
        self._resampler = None

    def _resample(self, pcm: bytes, resampler: Resampler) -> bytes:
        samples = np.frombuffer(pcm, "<i2").reshape(1, -1)
        frame = AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = self._rate
        return resampler.take(frame)
