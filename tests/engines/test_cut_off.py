"""A truncated file is decoded as far as it goes, and an error says that this is not all."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sessions_app.core.audio import count_samples, to_seconds
from sessions_app.core.errors import DecodeError
from sessions_app.engines.decoding.media_files import decode_file
from sessions_app.engines.fake import hear
from tests.engines.made import Sound, made
from tests.engines.streams import chirp, stalled
from tests.sounds import say, silence

SPOKEN = silence(0.5) + say("hola mundo") + silence(0.5) + chirp(8)
SECONDS = to_seconds(count_samples(SPOKEN))
FRONT = {"movflags": "faststart"}
KINDS = {
    "mp4": ("aac", 44_100, FRONT),
    "mov": ("pcm_s16le", 16_000, FRONT),
    "flac": ("flac", 16_000, {}),
    "matroska": ("libopus", 48_000, {}),
}
every_kind = pytest.mark.parametrize("container", KINDS)


def file_of(container: str, *, late: float = 0.0) -> bytes:
    codec, rate, options = KINDS[container]
    return made(container, Sound(SPOKEN, codec, rate, late=stalled(0, late)), options=options)


def blocks_of(content: bytes, directory: Path) -> Iterator[bytes]:
    path = directory / "sound"
    path.write_bytes(content)
    return decode_file(path)


def collect(blocks: Iterator[bytes], heard: bytearray) -> None:
    for block in blocks:
        heard += block


@every_kind
def test_a_file_that_is_cut_off_is_heard_and_told(container: str, tmp_path: Path) -> None:
    whole = file_of(container)
    blocks = blocks_of(whole[: len(whole) * 6 // 10], tmp_path)
    heard = bytearray()
    with pytest.raises(DecodeError, match=r"^It is cut off: .* its sound lasts 9\.\d s\.$"):
        collect(blocks, heard)
    assert hear(bytes(heard))[:2] == ["hola", "mundo"]
    assert 2 < to_seconds(count_samples(bytes(heard))) < SECONDS - 1


@every_kind
def test_a_file_that_is_whole_is_not_called_cut_off(container: str, tmp_path: Path) -> None:
    heard = b"".join(blocks_of(file_of(container), tmp_path))
    assert abs(to_seconds(count_samples(heard)) - SECONDS) < 0.1


@pytest.mark.parametrize("late", [20.0, 200_000.0])
@pytest.mark.parametrize("container", ["mp4", "matroska"])
def test_nor_is_one_that_begins_late(container: str, late: float, tmp_path: Path) -> None:
    heard = b"".join(blocks_of(file_of(container, late=late), tmp_path))
    assert hear(heard)[:2] == ["hola", "mundo"]
