"""A long segment is cut where sentences end: asked at a frame, cut at a frame, no sample lost."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
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
from tests.sessions_app.pipeline.test_segmenter import OPTIONS, cuts, ended, frames, numbered

ASKING = replace(OPTIONS, max_segment_seconds=8.0, ask_seconds=0.64)
"""It asks about 20 frames, about 20 + 47 and so on; the longest segment has 250."""


def asks(segmenter: Segmenter) -> bool:
    """Return whether it is asking just now."""
    return segmenter.is_asking


def test_it_asks_in_the_very_frame_from_which_on_it_should():
    segmenter = Segmenter(ASKING)
    segmenter.push(numbered(19 * FRAME_SAMPLES), frames("#" * 19))
    assert not asks(segmenter)
    segmenter.push(numbered(FRAME_SAMPLES), frames("#"))
    assert asks(segmenter)
    assert segmenter.open_samples == 20 * FRAME_SAMPLES


def test_what_comes_after_the_question_waits_until_it_goes_on():
    segmenter = Segmenter(ASKING)
    events = segmenter.push(numbered(40 * FRAME_SAMPLES), frames("#" * 25 + "_" * 15))
    assert events == [SegmentStarted(0)]
    assert (segmenter.open_samples, segmenter.heard_samples) == (
        20 * FRAME_SAMPLES,
        40 * FRAME_SAMPLES,
    )
    assert cuts(segmenter.go_on()) == [(0, 27)]


def test_it_asks_ever_more_rarely_about_a_sentence_without_an_end():
    segmenter = Segmenter(replace(ASKING, max_segment_seconds=26.0, ask_seconds=5.0))
    asked = []
    for _ in range(26 * 32):
        segmenter.push(bytes(FRAME_SAMPLES * SAMPLE_BYTES), [0.9])
        if segmenter.is_asking:
            asked.append(segmenter.open_samples / 16_000)
    steps = [after - before for before, after in pairwise(asked)]
    assert 5.0 <= asked[0] < 5.04
    assert min(steps) >= 1.5
    assert steps == sorted(steps)
    assert len(asked) <= 8


def test_it_asks_only_while_somebody_speaks():
    segmenter = Segmenter(ASKING)
    segmenter.push(numbered(22 * FRAME_SAMPLES), frames("#" * 18 + "_" * 4))
    assert not asks(segmenter)
    segmenter.push(numbered(FRAME_SAMPLES), frames("#"))
    assert asks(segmenter)


def test_a_cut_goes_through_the_quietest_frame_of_the_gap_and_speech_goes_on_there():
    loud = np.full(20 * FRAME_SAMPLES, 9000, np.int16)
    loud[7 * FRAME_SAMPLES : 8 * FRAME_SAMPLES] = 0
    loud[15 * FRAME_SAMPLES : 16 * FRAME_SAMPLES] = 0
    segmenter = Segmenter(ASKING)
    segmenter.push(loud.tobytes(), frames("#" * 20))
    events = segmenter.cut(5 * FRAME_SAMPLES, 10 * FRAME_SAMPLES)
    assert cuts(events) == [(0, 7)]
    assert events[-1] == SegmentStarted(7 * FRAME_SAMPLES)
    assert segmenter.open_pcm() == loud[7 * FRAME_SAMPLES :].tobytes()


def test_what_is_no_place_in_the_open_segment_is_not_cut():
    segmenter = Segmenter(ASKING)
    assert segmenter.cut(0, 1000) == []
    segmenter.push(numbered(20 * FRAME_SAMPLES), frames("#" * 20))
    assert segmenter.cut(19 * FRAME_SAMPLES, 90 * FRAME_SAMPLES) == []
    assert segmenter.cut(-90 * FRAME_SAMPLES, -FRAME_SAMPLES) == []
    assert segmenter.pending_samples == 20 * FRAME_SAMPLES


def test_a_question_that_nobody_answers_changes_nothing():
    segmenter = Segmenter(ASKING)
    events = segmenter.push(numbered(40 * FRAME_SAMPLES), frames("#" * 40))
    assert asks(segmenter)
    assert cuts(events + segmenter.flush()) == [(0, 40)]
    assert not asks(segmenter)


def test_declared_silence_ends_what_waited_behind_a_question():
    segmenter = Segmenter(ASKING)
    segmenter.push(numbered(30 * FRAME_SAMPLES), frames("#" * 30))
    assert cuts(segmenter.skip(FRAME_SAMPLES)) == [(0, 30)]


runs = st.lists(st.tuples(st.sampled_from([0.0, 0.4, 0.9]), st.integers(1, 90)), max_size=9)
places = st.lists(st.tuples(st.integers(0, 150_000), st.integers(0, 9_000)), max_size=8)
sizes = st.lists(st.integers(1, 30_000), max_size=9).map(lambda found: [*found, 4001])


def heard(
    sound: bytes, values: list[float], gaps: list[tuple[int, int]], pieces: list[int]
) -> tuple[list[SegmentEvent], Segmenter]:
    """Cut at ``gaps`` whatever is asked about, the sound given in ``pieces``."""
    segmenter = Segmenter(ASKING)
    events: list[SegmentEvent] = []
    taken = done = turn = 0
    while taken < len(sound):
        chunk = sound[taken : taken + pieces[turn % len(pieces)]]
        taken, turn = taken + len(chunk), turn + 1
        complete = taken // (FRAME_SAMPLES * SAMPLE_BYTES)
        events += segmenter.push(chunk, values[done:complete])
        while segmenter.is_asking:
            for first, length in gaps:
                events += segmenter.cut(first, first + length)
            events += segmenter.go_on()
        done = complete
    return events + segmenter.flush(), segmenter


@settings(deadline=None)
@given(runs, places, sizes)
def test_no_sample_is_lost_or_doubled_whatever_is_cut_and_in_whatever_chunks(
    spoken: list[tuple[float, int]], gaps: list[tuple[int, int]], pieces: list[int]
) -> None:
    values = [value for value, count in spoken for _ in range(count)]
    sound = numbered(len(values) * FRAME_SAMPLES)
    events, segmenter = heard(sound, values, sorted(gaps), pieces)
    segments = ended(events)
    for segment in segments:
        first, last = segment.start_sample * SAMPLE_BYTES, segment.end_sample * SAMPLE_BYTES
        assert segment.pcm == sound[first:last]
        assert 0 < len(segment.pcm) <= to_samples(ASKING.max_segment_seconds) * SAMPLE_BYTES
    assert all(one.end_sample <= two.start_sample for one, two in pairwise(segments))
    started = [event.start_sample for event in events if isinstance(event, SegmentStarted)]
    assert started == [segment.start_sample for segment in segments]
    covered = sum(len(segment.pcm) for segment in segments) // SAMPLE_BYTES
    assert covered + segmenter.silent_samples == len(sound) // SAMPLE_BYTES
    assert [type(event) for event in events] == [SegmentStarted, SegmentEnded] * len(segments)
    assert heard(sound, values, sorted(gaps), [len(sound) or 1])[0] == events


AFTER_BREAKS = replace(
    ASKING, silence_seconds=0.6, max_segment_seconds=26.0, ask_seconds=9.0, asks_after_breaks=True
)


def asked(energies: list[int], options: SegmenterOptions = AFTER_BREAKS) -> list[int]:
    """Return after how many frames it asks, where each frame is as loud as its number says."""
    sound = np.repeat(np.array(energies, np.int16), FRAME_SAMPLES)
    segmenter = Segmenter(options)
    found = []
    segmenter.push(sound.tobytes(), [0.9] * len(energies))
    while segmenter.is_asking:
        found.append(segmenter.open_samples // FRAME_SAMPLES)
        segmenter.go_on()
    return found


def test_after_a_break_it_asks_as_soon_as_it_has_heard_what_follows():
    assert asked([5000] * 80 + [50] * 4 + [5000] * 60) == [84 + 22]


def test_a_closed_mouth_is_no_break_and_nor_is_soft_speech():
    assert asked([5000] * 80 + [50] * 2 + [5000] * 60) == []
    assert asked([5000] * 80 + [1000] * 9 + [5000] * 60) == []


def test_a_break_so_early_ends_no_sentence():
    assert asked([5000] * 30 + [50] * 4 + [5000] * 80) == []


def test_breaks_in_quick_succession_are_asked_about_together():
    sound = [5000] * 80 + [50] * 4 + [5000] * 20 + [50] * 4 + [5000] * 60
    assert asked(sound) == [84 + 22, 84 + 22 + 47]


def test_whoever_is_slow_is_asked_more_rarely():
    segmenter = Segmenter(AFTER_BREAKS)
    segmenter.rarity = 3.0
    sound = np.repeat(np.array([5000] * 80 + [50] * 4 + [5000] * 80, np.int16), FRAME_SAMPLES)
    segmenter.push(sound.tobytes(), [0.9] * 164)
    assert segmenter.open_samples == 141 * FRAME_SAMPLES  # three times 1.5 s
    assert asks(segmenter)


def test_a_break_behind_a_cut_is_asked_about_all_the_same():
    sound = [5000] * 80 + [50] * 4 + [5000] * 17 + [50] * 4 + [5000] * 90
    segmenter = Segmenter(AFTER_BREAKS)
    segmenter.push(
        np.repeat(np.array(sound, np.int16), FRAME_SAMPLES).tobytes(), [0.9] * len(sound)
    )
    segmenter.cut(80 * FRAME_SAMPLES, 84 * FRAME_SAMPLES)
    segmenter.go_on()
    assert not asks(segmenter)  # what was said before the second one is no sentence
