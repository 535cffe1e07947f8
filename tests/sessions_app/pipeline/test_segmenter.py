"""Endpointing: no sample lost or doubled, the same cuts by any chunks; examples and properties."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions_app.core.audio import FRAME_SAMPLES, SAMPLE_BYTES, to_samples
from sessions_app.pipeline.endpointing.segmenter import (
    SegmentEnded,
    Segmenter,
    SegmenterOptions,
    SegmentEvent,
    SegmentStarted,
)

OPTIONS = SegmenterOptions(
    pre_roll_seconds=0.064,
    post_roll_seconds=0.064,
    silence_seconds=0.16,
    max_segment_seconds=1.6,
    split_window_seconds=0.5,
)
"""In frames: pre-roll 2, post-roll 2, silence 5, longest 50, window 16, least speech 3."""


def numbered(samples: int) -> bytes:
    """Sound in which each sample is its own position (modulo 2**16)."""
    return np.arange(samples, dtype=np.uint32).astype(np.uint16).tobytes()


def frames(picture: str) -> list[float]:
    """``_`` is silence, ``-`` neither, ``#`` speech: one frame each."""
    return [{"_": 0.0, "-": 0.4, "#": 0.9}[mark] for mark in picture]


def hear(
    picture: str, *, pcm: bytes | None = None, options: SegmenterOptions = OPTIONS
) -> list[SegmentEvent]:
    segmenter = Segmenter(options)
    pcm = numbered(len(picture) * FRAME_SAMPLES) if pcm is None else pcm
    return segmenter.push(pcm, frames(picture)) + segmenter.flush()


def ended(events: list[SegmentEvent]) -> list[SegmentEnded]:
    return [event for event in events if isinstance(event, SegmentEnded)]


def samples_in(events: list[SegmentEvent]) -> int:
    """How many samples were handed out in finished segments."""
    return sum(segment.end_sample - segment.start_sample for segment in ended(events))


def cuts(events: list[SegmentEvent]) -> list[tuple[int, int]]:
    """Each finished segment's first frame and the first frame after it."""
    return [(e.start_sample // FRAME_SAMPLES, e.end_sample // FRAME_SAMPLES) for e in ended(events)]


def test_a_segment_is_speech_with_its_pre_roll_and_post_roll():
    assert hear("_____####_________") == [
        SegmentStarted(3 * FRAME_SAMPLES),
        SegmentEnded(
            3 * FRAME_SAMPLES,
            11 * FRAME_SAMPLES,
            numbered(18 * FRAME_SAMPLES)[3 * 1024 : 11 * 1024],
            too_short=False,
        ),
    ]


def test_a_segment_ends_in_the_very_frame_that_completes_the_silence():
    segmenter = Segmenter(OPTIONS)
    segmenter.push(numbered(14 * FRAME_SAMPLES), frames("_____#####____"))
    assert cuts(segmenter.push(numbered(FRAME_SAMPLES), frames("_"))) == [(3, 12)]


def test_speech_is_announced_in_its_first_frame():
    assert Segmenter(OPTIONS).push(numbered(FRAME_SAMPLES), frames("#")) == [SegmentStarted(0)]


def test_silence_alone_gives_nothing():
    assert hear("_" * 100 + "-" * 20) == []


def test_doubtful_frames_carry_speech_on_but_do_not_begin_it():
    assert cuts(hear("---###------_____")) == [(1, 14)]


def test_a_pause_shorter_than_the_silence_does_not_end_a_segment():
    assert cuts(hear("###____###_____")) == [(0, 12)]


def test_two_segments_never_share_a_sample():
    assert cuts(hear("###_____####_____")) == [(0, 5), (6, 14)]
    assert cuts(hear("###_____####", options=replace(OPTIONS, pre_roll_seconds=0.32))) == [
        (0, 5),
        (5, 12),
    ]


def test_a_click_is_too_short_and_a_short_word_is_not():
    assert [e.too_short for e in ended(hear("__##______###_____"))] == [True, False]


def test_the_end_of_the_stream_ends_the_open_segment_with_its_last_sample():
    segmenter = Segmenter(OPTIONS)
    sound = numbered(4 * FRAME_SAMPLES + 100)
    events = segmenter.push(sound, frames("####")) + segmenter.flush()
    assert [(e.pcm, e.end_sample) for e in ended(events)] == [(sound, 4 * FRAME_SAMPLES + 100)]
    assert segmenter.flush() == []


def test_long_speech_is_split_at_its_quietest_frame_and_goes_on_there():
    loud = np.full(60 * FRAME_SAMPLES, 9000, np.int16)
    loud[41 * FRAME_SAMPLES : 42 * FRAME_SAMPLES] = 10
    loud[20 * FRAME_SAMPLES : 21 * FRAME_SAMPLES] = 0
    events = hear("#" * 60, pcm=loud.tobytes())
    assert cuts(events) == [(0, 41), (41, 60)]
    assert [type(event) for event in events] == [SegmentStarted, SegmentEnded] * 2


def test_a_pause_is_a_better_place_to_split_than_one_quiet_frame():
    loud = np.full(50 * FRAME_SAMPLES, 9000, np.int16)
    loud[36 * FRAME_SAMPLES : 37 * FRAME_SAMPLES] = 0
    loud[42 * FRAME_SAMPLES : 45 * FRAME_SAMPLES] = 50
    assert cuts(hear("#" * 50, pcm=loud.tobytes())) == [(0, 43), (43, 50)]


def test_a_split_in_the_last_silence_begins_no_empty_segment():
    sound = np.full(60 * FRAME_SAMPLES, 9000, np.int16)
    sound[46 * FRAME_SAMPLES :] = 0
    assert cuts(hear("#" * 46 + "_" * 14, pcm=sound.tobytes())) == [(0, 47)]


def test_the_open_segment_can_be_heard_before_it_ends():
    segmenter = Segmenter(OPTIONS)
    sound = numbered(5 * FRAME_SAMPLES + 7)
    segmenter.push(sound, frames("___##"))
    assert segmenter.open_samples == 4 * FRAME_SAMPLES
    assert segmenter.open_pcm() == sound[1024 : 5 * 1024]
    segmenter.flush()
    assert (segmenter.open_samples, segmenter.open_pcm()) == (0, b"")


def test_a_missing_probability_is_refused():
    with pytest.raises(ValueError, match="2 frames need 2 values, not 1"):
        Segmenter(OPTIONS).push(numbered(2 * FRAME_SAMPLES), [0.1])


@pytest.mark.parametrize(
    "wrong",
    [
        {"silence_threshold": 0.6},
        {"speech_threshold": 1.1},
        {"silence_threshold": 0.0},
        {"pre_roll_seconds": -0.1},
        {"post_roll_seconds": 0.7},
        {"min_speech_seconds": -1.0},
        {"silence_seconds": 0.0},
        {"max_segment_seconds": 0.5},
        {"silence_seconds": 15.0},
        {"split_window_seconds": 8.0},
        {"silence_threshold": float("nan")},
    ],
)
def test_options_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="The segmenter needs"):
        SegmenterOptions(**wrong)


probabilities = st.lists(
    st.tuples(st.sampled_from([0.0, 0.4, 0.9]), st.integers(1, 40)), max_size=12
).map(lambda runs: [p for p, count in runs for _ in range(count)])
tails = st.integers(0, FRAME_SAMPLES * SAMPLE_BYTES - 1)
chunk_sizes = st.lists(st.integers(1, 20_000), max_size=9).map(lambda sizes: [*sizes, 4001])


def sound_of(values: list[float], tail: int) -> bytes:
    """Noise with a fixed seed, and ``tail`` bytes of an incomplete frame."""
    noise = np.random.default_rng(7).integers(-3000, 3000, len(values) * FRAME_SAMPLES, np.int16)
    return noise.tobytes() + numbered(FRAME_SAMPLES)[:tail]


@settings(deadline=None)
@given(probabilities, tails, chunk_sizes)
def test_the_same_sound_is_cut_the_same_way_by_any_chunks(
    values: list[float], tail: int, sizes: list[int]
) -> None:
    sound = sound_of(values, tail)
    at_once = Segmenter(OPTIONS)
    whole = at_once.push(sound, values) + at_once.flush()
    segmenter = Segmenter(OPTIONS)
    events: list[SegmentEvent] = []
    taken = done = turn = 0
    while taken < len(sound):
        chunk = sound[taken : taken + sizes[turn % len(sizes)]]
        taken, turn = taken + len(chunk), turn + 1
        complete = taken // (FRAME_SAMPLES * SAMPLE_BYTES)
        events += segmenter.push(chunk, values[done:complete])
        done = complete
        assert segmenter.heard_samples == taken // SAMPLE_BYTES
        assert segmenter.heard_samples == (
            segmenter.silent_samples + samples_in(events) + segmenter.pending_samples
        )
        assert segmenter.open_samples <= to_samples(OPTIONS.max_segment_seconds)
    assert events + segmenter.flush() == whole


@settings(deadline=None)
@given(probabilities, tails)
def test_no_sample_is_lost_or_doubled(values: list[float], tail: int) -> None:
    sound = sound_of(values, tail)
    segmenter = Segmenter(OPTIONS)
    events = segmenter.push(sound, values) + segmenter.flush()
    segments = ended(events)
    for segment in segments:
        first, last = segment.start_sample * SAMPLE_BYTES, segment.end_sample * SAMPLE_BYTES
        assert segment.pcm == sound[first:last]
        assert 0 < len(segment.pcm) <= to_samples(OPTIONS.max_segment_seconds) * SAMPLE_BYTES
    assert all(one.end_sample <= two.start_sample for one, two in pairwise(segments))
    assert [e.start_sample for e in events if isinstance(e, SegmentStarted)] == [
        segment.start_sample for segment in segments
    ]
    assert samples_in(events) + segmenter.silent_samples == len(sound) // SAMPLE_BYTES
    assert segmenter.pending_samples == 0


@settings(deadline=None)
@given(probabilities)
def test_every_frame_that_is_surely_speech_lies_in_a_segment(values: list[float]) -> None:
    sound = sound_of(values, 0)
    segmenter = Segmenter(OPTIONS)
    segments = ended(segmenter.push(sound, values) + segmenter.flush())
    covered = {f for first, last in cuts(list(segments)) for f in range(first, last)}
    assert {f for f, value in enumerate(values) if value >= OPTIONS.speech_threshold} <= covered
