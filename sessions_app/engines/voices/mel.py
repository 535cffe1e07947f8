"""Mel spectrograms, as the encoder was trained on them."""

import numpy as np
import numpy.typing as npt

from sessions_app.engines.base import SAMPLE_RATE

Floats = npt.NDArray[np.float32]

WINDOW_SAMPLES = SAMPLE_RATE * 25 // 1000
HOP_SAMPLES = SAMPLE_RATE * 10 // 1000
BANDS = 40
_LINEAR_HERTZ = 200 / 3
"""The width of a mel below BREAK_HERTZ, where the scale is linear."""
_BREAK_HERTZ = 1000.0
_LOG_STEP = np.log(6.4) / 27
"""Above it 27 mels are a factor of 6.4."""


def _to_mel(hertz: float) -> float:
    if hertz < _BREAK_HERTZ:
        return hertz / _LINEAR_HERTZ
    return float(_BREAK_HERTZ / _LINEAR_HERTZ + np.log(hertz / _BREAK_HERTZ) / _LOG_STEP)


def _to_hertz(mels: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    corner = _BREAK_HERTZ / _LINEAR_HERTZ
    above = _BREAK_HERTZ * np.exp(_LOG_STEP * (mels - corner))
    return np.where(mels < corner, mels * _LINEAR_HERTZ, above)


def _filters() -> Floats:
    """Return how much each band takes of each frequency: triangles, each of the same area."""
    frequencies = np.fft.rfftfreq(WINDOW_SAMPLES, 1 / SAMPLE_RATE)
    corners = _to_hertz(np.linspace(_to_mel(0.0), _to_mel(SAMPLE_RATE / 2), BANDS + 2))
    widths = np.diff(corners)
    ramps = corners[:, None] - frequencies[None, :]
    rising = -ramps[:-2] / widths[:-1, None]
    falling = ramps[2:] / widths[1:, None]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (triangles * (2 / (corners[2:] - corners[:-2]))[:, None]).astype(np.float32)


_FILTERS = _filters()
_WINDOW = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW_SAMPLES) / WINDOW_SAMPLES)).astype(
    np.float32
)


def mel_spectrogram(samples: Floats) -> Floats:
    """Return the power in each band, one row of BANDS every 10 ms. Blocks."""
    padded = np.pad(samples, WINDOW_SAMPLES // 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_SAMPLES)[::HOP_SAMPLES]
    power = np.abs(np.fft.rfft(windows * _WINDOW, axis=1)) ** 2
    return (power.astype(np.float32) @ _FILTERS.T).astype(np.float32)
