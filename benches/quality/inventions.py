"""Hallucinations: words found where nobody says anything."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from benches.quality.figures import Measured
from benches.quality.streams import noise, seconds_of, to_pcm
from benches.quality.tools import Tools
from sessions_app.core.audio import SAMPLE_RATE, to_samples

SECONDS = 60.0
"""Of each kind of noise."""
QUIET, LOUD = 100.0, 2_000.0
"""Amplitudes, as standard deviations."""
CLICK_SAMPLES = 40
CLICKS_PER_SECOND = 1.5
HUM_HERTZ = 50.0
TONE_HERTZ = 1_000.0


async def measure(tools: Tools) -> list[Measured]:
    """Return how many words are found in each kind of noise."""
    figures = []
    for kind, pcm in kinds():
        heard = await tools.transcribing.hear(pcm)
        figures += [
            Measured(f"{kind}, {SECONDS:g} s: invented words", len(heard.text.split()), "", 0.0),
            Measured(f"{kind}: plain", len(tools.plain.hear(pcm).text.split())),
        ]
    return figures


def kinds() -> Iterator[tuple[str, bytes]]:
    """Yield each kind of noise, SECONDS long."""
    random = np.random.default_rng(1)
    samples = to_samples(SECONDS)
    seconds = seconds_of(samples)
    yield "silence", bytes(2 * samples)
    yield "a quiet room", noise(SECONDS, QUIET, random)
    yield "loud noise", noise(SECONDS, LOUD, random)
    yield "rumbling", to_pcm(_pink(samples, random) * LOUD)
    yield "clicks", to_pcm(_clicks(samples, random))
    yield "hum", to_pcm(LOUD * np.sin(2 * np.pi * HUM_HERTZ * seconds))
    yield "beeps", to_pcm(2 * LOUD * np.sin(2 * np.pi * TONE_HERTZ * seconds) * (seconds % 2 < 0.5))


def _pink(samples: int, random: np.random.Generator) -> npt.NDArray[np.float64]:
    spectrum = np.fft.rfft(random.normal(0, 1, samples))
    pink = np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)) + 1), samples)
    return np.asarray(pink / pink.std(), np.float64)


def _clicks(samples: int, random: np.random.Generator) -> npt.NDArray[np.float64]:
    sound = random.normal(0, QUIET / 10, samples)
    count = int(samples / SAMPLE_RATE * CLICKS_PER_SECOND)
    for at in random.integers(0, samples - CLICK_SAMPLES, count):
        decay = np.exp(-np.arange(CLICK_SAMPLES) / 8)
        sound[at : at + CLICK_SAMPLES] += 20_000 * decay * random.choice([-1, 1])
    return sound
