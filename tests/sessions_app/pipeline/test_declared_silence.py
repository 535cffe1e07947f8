"""Declared silence takes its time, ends speech, and is counted once."""

from hypothesis import given
from hypothesis import strategies as st

from sessions_app.core.audio import FRAME_SAMPLES
from sessions_app.pipeline.endpointing.segmenter import Segmenter
from tests.sessions_app.pipeline.test_segmenter import OPTIONS, cuts, frames, numbered, samples_in

HOUR_FRAMES = 112_500


def test_what_is_said_after_it_stands_after_it():
    segmenter = Segmenter(OPTIONS)
    silence, speech = "_____", "__####_________"
    events = segmenter.push(numbered(len(silence) * FRAME_SAMPLES), frames(silence))
    events += segmenter.skip(HOUR_FRAMES * FRAME_SAMPLES)
    events += segmenter.push(numbered(len(speech) * FRAME_SAMPLES), frames(speech))
    assert cuts(events) == [(HOUR_FRAMES + 5, HOUR_FRAMES + 13)]


def test_a_segment_that_is_open_ends_before_it():
    segmenter = Segmenter(OPTIONS)
    events = segmenter.push(numbered(8 * FRAME_SAMPLES), frames("____####"))
    events += segmenter.skip(10 * FRAME_SAMPLES)
    events += segmenter.push(numbered(10 * FRAME_SAMPLES), frames("__####____"))
    events += segmenter.flush()
    assert cuts(events) == [(2, 8), (18, 28)]


@given(
    st.lists(st.tuples(st.text("_-#", max_size=12), st.integers(0, 200)), max_size=8),
    st.integers(0, FRAME_SAMPLES - 1),
)
def test_every_sample_is_silence_or_in_a_segment(
    parts: list[tuple[str, int]], half_a_frame: int
) -> None:
    segmenter = Segmenter(OPTIONS)
    events = segmenter.push(numbered(half_a_frame), [])
    total = half_a_frame
    for picture, skipped in parts:
        samples = len(picture) * FRAME_SAMPLES
        events += segmenter.push(numbered(samples), frames(picture))
        events += segmenter.skip(skipped * FRAME_SAMPLES)
        total += samples + skipped * FRAME_SAMPLES
        assert segmenter.heard_samples == total
    events += segmenter.flush()
    assert segmenter.silent_samples + samples_in(events) == total
