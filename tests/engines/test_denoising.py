"""Steady noise goes, speech and length stay."""

import numpy as np
import pytest

from sessions_app.engines.denoising import clarity, denoise
from tests.sounds import silence, tone


def noisy(pcm: bytes, loudness: float) -> bytes:
    noise = np.random.default_rng(0).normal(0, loudness, len(pcm) // 2)
    return (np.frombuffer(pcm, "<i2") + noise).astype("<i2").tobytes()


def loudness(pcm: bytes) -> float:
    return float(np.sqrt((np.frombuffer(pcm, "<i2").astype(float) ** 2).mean()))


VOICE = silence(0.6) + tone(700, 0.6) + silence(0.6)


def test_noise_is_turned_down_and_the_voice_stays() -> None:
    pause, voice = slice(0, 16_000), slice(22_400, 35_200)
    firm, gentle = (denoise(noisy(VOICE, 300), firmly=firmly) for firmly in (True, False))
    assert loudness(firm[pause]) < 60 < loudness(gentle[pause]) < 200
    assert loudness(firm[voice]) == pytest.approx(loudness(VOICE[voice]), rel=0.1)
    assert loudness(gentle[voice]) == pytest.approx(loudness(VOICE[voice]), rel=0.1)


def test_less_noise_is_more_clarity() -> None:
    clarities = [clarity(noisy(VOICE, loudness)) for loudness in (3000, 300, 30)]
    assert clarities == sorted(clarities)
    assert clarity(silence(1)) == float("inf")


@pytest.mark.parametrize("samples", [0, 1, 511, 4095, 4096, 4097, 16_000, 16_383])
def test_the_length_stays(samples: int) -> None:
    pcm = noisy(bytes(2 * samples), 300)
    assert [len(denoise(pcm, firmly=firmly)) for firmly in (True, False)] == [2 * samples] * 2
