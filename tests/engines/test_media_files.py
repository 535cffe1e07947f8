"""Files of any kind are decoded completely, a second at a time; those without sound are refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sessions_app.core.audio import Encoding, count_samples, to_samples, to_seconds
from sessions_app.core.errors import DecodeError, EngineError
from sessions_app.engines.decoding.decoders import open_decoder
from sessions_app.engines.decoding.media_files import decode_file, read_facts
from tests.engines.files import at, missing, picture, playlist, recording, text, too_expensive
from tests.engines.hearing import (
    SECONDS,
    SOUND,
    STREAMS,
    WAYS,
    every_thread_ends,
    hear,
)
from tests.engines.streams import opus_packets, simple_blocks, webm_header

__all__ = ["every_thread_ends"]


@pytest.mark.slow
def test_a_file_is_given_in_seconds(tmp_path: Path) -> None:
    blocks = list(decode_file(recording(tmp_path)))
    assert [count_samples(block) for block in blocks] == [16_000, 16_000, 16_000, 4_800]
    assert b"".join(blocks) == SOUND


@pytest.mark.slow
@pytest.mark.parametrize("encoding", STREAMS)
def test_a_file_of_any_kind_is_given_whole(encoding: Encoding, tmp_path: Path) -> None:
    path = tmp_path / "recording"
    path.write_bytes(STREAMS[encoding])
    assert b"".join(decode_file(path)) == hear(
        WAYS["webm by PyAV"][1]() if encoding is Encoding.WEBM_OPUS else open_decoder(encoding),
        [STREAMS[encoding]],
    )


def test_what_is_damaged_in_a_file_is_left_out(tmp_path: Path) -> None:
    packets = opus_packets(SOUND)
    path = tmp_path / "damaged.webm"
    path.write_bytes(webm_header() + simple_blocks([*packets[:50], b"\xff\xff", *packets[50:]]))
    assert sum(count_samples(block) for block in decode_file(path)) > to_samples(3.2)


@pytest.mark.slow
def test_a_file_says_its_length_where_it_knows_it(tmp_path: Path) -> None:
    live = tmp_path / "live.webm"
    live.write_bytes(STREAMS[Encoding.WEBM_OPUS])
    assert read_facts(recording(tmp_path)).seconds == pytest.approx(SECONDS)
    assert read_facts(live).seconds is None


@pytest.mark.slow
@pytest.mark.parametrize("make", [picture, text, playlist, missing])
def test_a_file_without_sound_of_its_own_is_refused(
    make: Callable[[Path], Path], tmp_path: Path
) -> None:
    path = make(tmp_path)
    with pytest.raises(DecodeError):
        list(decode_file(path))
    with pytest.raises(DecodeError):
        read_facts(path)


@pytest.mark.slow
def test_a_file_that_claims_more_sound_than_its_size_allows_ends_there(tmp_path: Path) -> None:
    heard: list[int] = []
    with pytest.raises(EngineError, match="more sound than its size") as refused:
        heard.extend(map(count_samples, decode_file(at(1, 10_000, tmp_path))))
    assert 3600 < to_seconds(sum(heard)) < 4300
    assert not isinstance(refused.value, DecodeError)  # after which a recording would be deleted


@pytest.mark.slow
def test_an_hour_of_the_least_sound_is_no_claim(tmp_path: Path) -> None:
    path = at(8, 8 * 3700, tmp_path)
    assert to_seconds(sum(map(count_samples, decode_file(path)))) == pytest.approx(3700, abs=1)


def test_a_file_that_takes_more_memory_than_its_size_allows_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="more time or memory"):
        list(decode_file(too_expensive(tmp_path)))
