"""Decoding goes on when something changes on the way: rate, channels, header, chained streams."""

import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from sessions_app.core.audio import Encoding, count_samples, to_samples
from sessions_app.core.errors import DecodeError
from sessions_app.engines.decoding.decoders import open_decoder
from sessions_app.engines.decoding.media_files import decode_file
from sessions_app.engines.decoding.pyav import decode_with_libav as decode_file_here
from sessions_app.engines.fake import hear
from tests.engines.hearing import every_thread_ends, pieces
from tests.engines.hearing import hear as decoded
from tests.engines.made import Sound, joined
from tests.engines.streams import encode
from tests.sounds import say, silence

__all__ = ["every_thread_ends"]

FIRST, SECOND, THIRD = (
    silence(0.5) + say(text) + silence(0.5) for text in ("hola mundo", "red house", "agua")
)
WORDS = ["hola", "mundo", "red", "house", "agua"]
SECONDS = count_samples(FIRST + SECOND + THIRD) / 16_000


def sounds(codec: str, kinds: Sequence[tuple[int, str]]) -> list[Sound]:
    spoken = (FIRST, SECOND, THIRD)
    return [
        Sound(pcm, codec, rate, layout) for pcm, (rate, layout) in zip(spoken, kinds, strict=True)
    ]


CHANGES = {
    "the rate of MP3": (
        "mp3",
        sounds("libmp3lame", [(44_100, "mono"), (22_050, "mono"), (48_000, "mono")]),
    ),
    "the channels of MP3": (
        "mp3",
        sounds("libmp3lame", [(44_100, "stereo"), (44_100, "mono"), (44_100, "stereo")]),
    ),
    "all of AAC": (
        "adts",
        sounds("aac", [(48_000, "stereo"), (16_000, "mono"), (44_100, "stereo")]),
    ),
    "the channels of AC-3": (
        "ac3",
        sounds("ac3", [(48_000, "stereo"), (48_000, "5.1"), (44_100, "mono")]),
    ),
    "a chain of Opus": (
        "ogg",
        sounds("libopus", [(48_000, "mono"), (48_000, "stereo"), (48_000, "mono")]),
    ),
    "a chain of FLAC": (
        "ogg",
        sounds("flac", [(44_100, "stereo"), (16_000, "mono"), (48_000, "stereo")]),
    ),
    "all of FLAC": (
        "flac",
        sounds("flac", [(16_000, "mono"), (44_100, "stereo"), (8_000, "mono")]),
    ),
    "a chain of Vorbis": (
        "ogg",
        sounds("vorbis", [(44_100, "stereo"), (32_000, "stereo"), (48_000, "stereo")]),
    ),
    "broadcasts": (
        "mpegts",
        sounds("mp2", [(48_000, "stereo"), (48_000, "mono"), (44_100, "stereo")]),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CHANGES)
def test_a_file_that_changes_on_the_way_is_heard_to_its_end(name: str, tmp_path: Path) -> None:
    container, parts = CHANGES[name]
    path = tmp_path / "changes"
    path.write_bytes(joined(container, parts))
    pcm = b"".join(decode_file(path))
    assert hear(pcm) == WORDS
    assert abs(count_samples(pcm) - to_samples(SECONDS)) < to_samples(0.4)


CHAIN = b"".join(
    encode(pcm, Encoding.OGG_OPUS, layout=layout)
    for pcm, layout in ((FIRST, "mono"), (SECOND, "stereo"), (THIRD, "mono"))
)


@pytest.mark.parametrize("size", [37, 1000, 1_000_000])
def test_live_streams_may_follow_each_other_in_one(size: int) -> None:
    pcm = decoded(open_decoder(Encoding.OGG_OPUS), pieces(CHAIN, size))
    assert hear(pcm) == WORDS
    assert abs(count_samples(pcm) - to_samples(SECONDS)) <= 3


def test_streams_without_sound_may_not() -> None:
    first = encode(FIRST, Encoding.OGG_OPUS)
    headers = first[: first.index(b"OggS", first.index(b"OpusTags"))]
    with pytest.raises(DecodeError, match="second stream"):
        decoded(open_decoder(Encoding.OGG_OPUS), pieces(headers * 50, 500))


def test_samples_go_on_without_a_hole_where_the_rate_changes(tmp_path: Path) -> None:
    tone = 8000 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
    kinds = [(44_100, "mono"), (16_000, "mono")]
    parts = [Sound(tone.astype("<i2").tobytes(), "flac", *kind) for kind in kinds]
    path = tmp_path / "two.ogg"
    path.write_bytes(joined("ogg", parts))
    heard = np.frombuffer(b"".join(decode_file(path)), "<i2").astype(float)
    quiet = np.abs(heard).reshape(-1, 100).max(axis=1) < 4000 if len(heard) % 100 == 0 else []
    assert abs(len(heard) - 32_000) <= 2
    assert not np.any(quiet)


@pytest.mark.slow
@pytest.mark.parametrize("channels", [3, 6, 9, 32])
def test_a_voice_in_any_of_many_channels_is_heard(channels: int, tmp_path: Path) -> None:
    path = tmp_path / "many.wav"
    for number in range(channels):
        samples = np.zeros((count_samples(FIRST), channels), "<i2")
        samples[:, number] = np.frombuffer(FIRST, "<i2")
        with wave.open(str(path), "wb") as file:
            file.setnchannels(channels)
            file.setsampwidth(2)
            file.setframerate(16_000)
            file.writeframes(samples.tobytes())
        loudest = np.abs(np.frombuffer(b"".join(decode_file_here(path)), "<i2")).max()
        assert loudest > 8000 / (2 * channels)
