"""Up to which byte a stream has become words: never beyond what was told."""

from sessions_app.core.audio import Encoding
from sessions_app.live.resuming.told_position import ToldPosition

CHUNK = 1_000
"""Bytes of a chunk, which is 500 samples of PCM."""


def reached(encoding: Encoding, chunks: int = 4) -> ToldPosition:
    """Return the position in a stream of which so many chunks were decoded."""
    position = ToldPosition(encoding)
    for number in range(1, chunks + 1):
        position.reach(number * CHUNK, number * 500)
    return position


def test_pcm_goes_on_with_the_sample_after_the_last_that_was_told() -> None:
    position = reached(Encoding.PCM_S16LE)
    assert position.told_bytes(undecided=0) == 0
    assert position.told_bytes(undecided=1_201) == 2_402
    position.begin(1, start_sample=1_300)
    assert position.told_bytes(undecided=1_900) == 2_600
    position.end(1)
    assert position.told_bytes(undecided=1_900) == 3_800
    assert position.told_bytes(undecided=2_000) == 4_000


def test_a_container_goes_on_with_a_chunk_of_which_nothing_was_told() -> None:
    position = reached(Encoding.WEBM_OPUS)
    assert position.told_bytes(undecided=499) == 0
    assert position.told_bytes(undecided=1_499) == CHUNK
    assert position.told_bytes(undecided=2_000) == 3 * CHUNK


def test_utterances_that_were_told_out_of_order_count_once_all_before_are() -> None:
    position = reached(Encoding.PCM_S16LE)
    position.begin(1, start_sample=100)
    position.begin(2, start_sample=900)
    position.end(2)
    assert position.told_bytes(undecided=1_500) == 200
    position.end(1)
    assert position.told_bytes(undecided=1_500) == 3_000
