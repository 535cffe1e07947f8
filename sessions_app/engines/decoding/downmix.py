"""Stereo to mono: if the channels would cancel each other, one is inverted first."""

import math

import numpy as np
import numpy.typing as npt

from sessions_app.core.audio import SAMPLE_RATE

MEMORY_SECONDS = 0.1
"""The length of sound over which the correlation of the channels is measured."""
OPPOSED, ALIKE = -0.5, 0.5
"""Correlation, -1..1, below which a channel is inverted, and above which no longer.

Between the two, the sum of the channels has at least half of its highest possible level (3 dB
less).
"""
FADE_SAMPLES = SAMPLE_RATE // 100
"""How long the change takes, so that it does not click."""

Samples = npt.NDArray[np.float32]


class Downmix:
    """Mixes the stereo sound of one stream to mono, at 16 kHz.

    A microphone or a cable with the two wires of one channel swapped gives channels of opposite
    phase, whose average is silence.
    """

    def __init__(self) -> None:
        self._energies = np.zeros(2)
        self._product = 0.0
        self._sign: float | None = None

    def mix(self, stereo: bytes) -> bytes:
        """Return the s16le mono mix of interleaved s16le samples: left, right, left, ..."""
        channels = np.frombuffer(stereo, "<i2").reshape(-1, 2).astype(np.float32)
        if not len(channels):
            return b""
        left, right = channels[:, 0], channels[:, 1]
        self._remember(left, right)
        mono = (left + self._signs(len(left)) * right) / 2
        return np.rint(mono).astype("<i2").tobytes()

    def _remember(self, left: Samples, right: Samples) -> None:
        kept = math.exp(-len(left) / (MEMORY_SECONDS * SAMPLE_RATE))
        self._energies = kept * self._energies + (np.dot(left, left), np.dot(right, right))
        self._product = kept * self._product + float(np.dot(left, right))

    def _signs(self, count: int) -> Samples:
        """Return the factor for each sample of the right channel, -1..1."""
        before = self._sign
        after = self._sign = self._choose(1.0 if before is None else before)
        signs = np.full(count, after, np.float32)
        if before is not None and before != after:
            fade = min(count, FADE_SAMPLES)
            signs[:fade] = np.linspace(before, after, fade, dtype=np.float32)
        return signs

    def _choose(self, sign: float) -> float:
        scale = math.sqrt(float(self._energies[0] * self._energies[1]))
        if self._product < OPPOSED * scale:
            return -1.0
        return 1.0 if self._product > ALIKE * scale else sign
