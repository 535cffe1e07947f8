"""What no browser sends is refused before libav sees it; what browsers send goes through."""

import random
import subprocess
import tracemalloc
from pathlib import Path

import pytest

from sessions_app.core.audio import Encoding, count_samples, to_samples
from sessions_app.core.errors import DecodeError
from sessions_app.engines.containers.guards import GUARDS
from sessions_app.engines.decoding.decoders import CONTAINERS
from tests.engines.bombs import BOMBS, CASES, SOUND
from tests.engines.boxes import box, description, fragment, full, numbers, sample_entry, track
from tests.engines.files import recording
from tests.engines.hearing import SECONDS as SPOKEN_SECONDS
from tests.engines.hearing import STREAMS, WAYS, every_thread_ends, hear, pieces
from tests.engines.streams import OPTIONS

__all__ = ["every_thread_ends"]

MOST_BYTES = 4 * 1024 * 1024
"""More than any guard holds back, with the error that says so."""


def let_through(encoding: Encoding, stream: bytes, size: int) -> bytes:
    guard = GUARDS[CONTAINERS[encoding]]()
    return b"".join([guard.take(piece) for piece in pieces(stream, size)])


def refusal(encoding: Encoding, stream: bytes, size: int = 5000) -> str:
    """Why a stream is refused; empty: it is accepted."""
    try:
        let_through(encoding, stream, size)
    except DecodeError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("encoding", OPTIONS)
@pytest.mark.parametrize("size", [1, 700, 1_000_000])
def test_what_browsers_send_goes_through_whole(encoding: Encoding, size: int) -> None:
    stream = STREAMS[encoding]
    passed = let_through(encoding, stream, size)
    assert len(passed) == len(stream)
    if encoding is not Encoding.MP4_AAC:  # what is of no use there is blanked
        assert passed == stream


@pytest.mark.parametrize(("encoding", "name"), CASES)
@pytest.mark.parametrize("size", [100, 5000])
def test_what_no_browser_sends_is_refused_in_little_memory(
    encoding: Encoding, name: str, size: int
) -> None:
    bomb = BOMBS[encoding][name]
    tracemalloc.start()
    try:
        assert refusal(encoding, bomb, size)[-1:] == "."
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    finally:
        tracemalloc.stop()


MOVFLAGS = [
    "frag_keyframe+empty_moov",
    "frag_keyframe+empty_moov+default_base_moof",
    "frag_keyframe+empty_moov+delay_moov+default_base_moof",
    "frag_every_frame+empty_moov",
    "empty_moov+default_base_moof+omit_tfhd_offset",
    "dash+frag_keyframe",
    "cmaf+frag_keyframe",
    "frag_keyframe+empty_moov+skip_trailer+negative_cts_offsets",
    "frag_keyframe+empty_moov+global_sidx",
]


@pytest.mark.slow
@pytest.mark.parametrize("flags", MOVFLAGS)
@pytest.mark.parametrize("codec", ["aac", "libopus"])
def test_every_kind_of_fragments_that_ffmpeg_makes_is_heard(
    flags: str, codec: str, tmp_path: Path
) -> None:
    command = ["ffmpeg", "-v", "error", "-i", str(recording(tmp_path)), "-c:a", codec]
    options = ["-movflags", flags, "-frag_duration", "200000", "-f", "mp4", "pipe:1"]
    rate = ["-ar", "48000"]
    made = subprocess.run([*command, *rate, *options], capture_output=True, check=True, timeout=60)
    heard = hear(WAYS["mp4"][1](), pieces(made.stdout, 1000))
    assert abs(count_samples(heard) - to_samples(SPOKEN_SECONDS)) < to_samples(0.1)


def test_boxes_that_nobody_knows_are_blanked_and_do_not_move_the_others() -> None:
    unknown = box(b"tapt", b"clef") + box(b"udta", box(b"meta", bytes(30)))
    stream = box(b"styp", b"iso5") + box(b"free", b"\0\0\0\1mvhd") + SOUND
    stream = description(track(more=unknown), more=unknown) + stream
    passed = let_through(Encoding.MP4_AAC, stream, 9)
    assert len(passed) == len(stream)
    assert [kind for kind in (b"tapt", b"udta", b"meta", b"styp", b"free") if kind in passed] == []
    assert passed.count(b"mvhd") == 1
    assert passed.endswith(SOUND)


def test_the_beginning_of_a_box_is_held_back_until_all_of_it_can_be_looked_at() -> None:
    stream = description() + SOUND
    moof = stream.index(b"moof") - 4
    guard = GUARDS["mp4"]()
    assert len(guard.take(stream[: moof + 20])) == moof
    assert len(guard.take(stream[moof + 20 :])) == len(stream) - moof


def test_a_list_hidden_in_the_description_of_sound_is_blanked() -> None:
    hidden = full(b"stsz", numbers(1, 170_000_000))
    table = full(b"stsd", numbers(1), sample_entry(hidden))
    stream = description(track(tables={b"stsd": table})) + fragment([b"sound"])
    assert numbers(170_000_000) not in let_through(Encoding.MP4_AAC, stream, 5000)


@pytest.mark.parametrize("encoding", OPTIONS)
def test_damage_is_let_through_or_refused_and_nothing_else(encoding: Encoding) -> None:
    chance = random.Random(11)
    stream = STREAMS[encoding][:4000]
    for _ in range(400):
        damaged = bytearray(stream)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(min(1500, len(damaged)))] = chance.choice((0, 1, 127, 255))
        assert refusal(encoding, bytes(damaged))[-1:] in ("", ".")
