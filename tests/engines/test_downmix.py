"""Two channels become one, and neither takes the other away."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from sessions_app.engines.decoding.downmix import Downmix
from sessions_app.engines.decoding.media_files import decode_file
from tests.engines.hearing import WAYS, every_thread_ends, every_way, hear, likeness, pieces
from tests.engines.made import Sound, made
from tests.engines.streams import chirp, encode

__all__ = ["every_thread_ends"]

Samples = npt.NDArray[np.float64]
VOICE = np.frombuffer(chirp(1.0), "<i2").astype(float)
NOISE = np.random.default_rng(5).normal(0, 300, (2, len(VOICE)))


def mixed(left: Samples, right: Samples, size: int = 1280) -> bytes:
    """Both channels, given in pieces of ``size`` bytes, as one."""
    stereo = np.stack([left, right], axis=1).astype("<i2").tobytes()
    mixing = Downmix()
    return b"".join(mixing.mix(piece) for piece in pieces(stereo, size))


def loudness(pcm: bytes) -> float:
    return float(np.sqrt((np.frombuffer(pcm, "<i2").astype(float) ** 2).mean()))


@pytest.mark.parametrize("share", [1.0, 0.5, -0.5, -1.0])
@pytest.mark.parametrize("size", [1280, 64_000, 10_000_000])
def test_a_voice_is_heard_whatever_its_phase_in_the_other_channel(share: float, size: int) -> None:
    one = mixed(VOICE + NOISE[0], share * VOICE + NOISE[1], size)
    assert abs(likeness(one, VOICE.astype("<i2").tobytes())) > 0.95
    assert loudness(one) > 0.7 * loudness(VOICE.astype("<i2").tobytes())


def test_one_channel_alone_is_heard_at_half_its_level() -> None:
    one = mixed(VOICE, 0 * VOICE)
    assert likeness(one, VOICE.astype("<i2").tobytes()) > 0.999
    assert loudness(one) == pytest.approx(loudness(VOICE.astype("<i2").tobytes()) / 2, rel=0.01)


def test_two_speakers_in_a_channel_each_are_both_heard() -> None:
    other = np.roll(VOICE[::-1], 7)
    one = np.frombuffer(mixed(VOICE, other), "<i2").astype(float)
    assert (
        likeness(one.astype("<i2").tobytes(), ((VOICE + other) / 2).astype("<i2").tobytes()) > 0.99
    )


def test_a_phase_that_changes_on_the_way_does_not_click() -> None:
    sign = np.where(np.arange(len(VOICE)) < len(VOICE) // 2, 1.0, -1.0)
    low = 3000 * np.sin(2 * np.pi * 200 * np.arange(len(VOICE)) / 16_000)
    one = np.frombuffer(mixed(low, sign * low), "<i2").astype(float)
    assert np.abs(np.diff(one)).max() < 2 * np.abs(np.diff(low)).max()
    assert loudness(one[-4000:].astype("<i2").tobytes()) > 1500


def test_nothing_is_nothing() -> None:
    assert Downmix().mix(b"") == b""
    assert mixed(0 * VOICE, 0 * VOICE) == bytes(2 * len(VOICE))


OPPOSED = np.stack([VOICE, -VOICE], axis=1).astype("<i2").tobytes()


@pytest.mark.parametrize(("container", "codec"), [("wav", "pcm_s16le"), ("mp4", "aac")])
def test_a_file_of_opposite_phase_is_heard(container: str, codec: str, tmp_path: Path) -> None:
    path = tmp_path / "opposed"
    path.write_bytes(made(container, Sound(OPPOSED, codec, 48_000, "stereo", is_stereo=True)))
    assert loudness(b"".join(decode_file(path))) > 4000


@every_way
def test_a_stream_of_opposite_phase_is_heard(way: str) -> None:
    encoding, make = WAYS[way]
    stream = encode(OPPOSED, encoding, layout="stereo", is_stereo=True)
    assert loudness(hear(make(), pieces(stream, 500))) > 4000
