"""Endpointing: where speech begins and ends; a state machine with its own sound and no clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from sessions_app.core.audio import FRAME_BYTES, FRAME_SAMPLES, SAMPLE_BYTES, SAMPLE_RATE

_SPLIT_WEIGHTS = np.array([1.0, 2.0, 1.0])
"""Of a frame and its neighbours: over all three a pause is quieter than a closed consonant."""


@dataclass(frozen=True, slots=True)
class SegmenterOptions:
    """When speech begins, when it has ended, and how long a segment may be.

    Raises:
    ValueError: an option is out of range; the message states the rule.
    """

    speech_threshold: float = 0.5
    """Probability of speech, 0..1, from which a frame begins a segment."""
    silence_threshold: float = 0.35
    """Probability, 0..1, below which a frame of an open segment is silent."""
    pre_roll_seconds: float = 0.3
    """Sound kept from before the first frame of speech: soft beginnings of words."""
    post_roll_seconds: float = 0.2
    """Silence kept after the last frame of speech: soft ends of words."""
    min_speech_seconds: float = 0.096
    """Speech, silence not counted, below which a segment is no word: "Sí" and "No" must pass."""
    silence_seconds: float = 0.6
    """Unbroken silence that ends a segment."""
    max_segment_seconds: float = 15.0
    """Longest segment, including silence; longer speech is split."""
    split_window_seconds: float = 4.0
    """How far back from the end of a segment that is too long its quietest frame is searched."""

    def __post_init__(self) -> None:
        ordered = 0 < self.silence_threshold <= self.speech_threshold <= 1
        _require(ordered, "0 < silence_threshold <= speech_threshold <= 1")
        _require(self.min_speech_seconds >= 0, "min_speech_seconds >= 0")
        _require(0 < self.silence_seconds <= 30, "0 < silence_seconds <= 30")
        rolls = 0 <= self.post_roll_seconds <= self.silence_seconds
        _require(rolls, "0 <= post_roll_seconds <= silence_seconds")
        _require(self.pre_roll_seconds >= 0, "pre_roll_seconds >= 0")
        _require(1 <= self.max_segment_seconds <= 120, "1 <= max_segment_seconds <= 120")
        fits = self.pre_roll_seconds + self.silence_seconds < self.max_segment_seconds
        _require(fits, "pre_roll_seconds + silence_seconds < max_segment_seconds")
        splits = 0.1 <= self.split_window_seconds <= self.max_segment_seconds / 2
        _require(splits, "0.1 <= split_window_seconds <= max_segment_seconds / 2")


@dataclass(frozen=True, slots=True)
class SegmentStarted:
    """Speech began; ``start_sample`` is the segment's first sample, including the pre-roll."""

    start_sample: int


@dataclass(frozen=True, slots=True)
class SegmentEnded:
    """A finished segment; samples count from the beginning of the stream."""

    start_sample: int
    end_sample: int
    """The first sample after the segment."""
    pcm: bytes
    """Its sound, 16 kHz mono s16le: ``end_sample - start_sample`` samples."""
    too_short: bool
    """Whether it holds too little speech to be a word."""


SegmentEvent = SegmentStarted | SegmentEnded


class Segmenter:
    """Cuts one stream of sound into segments of speech, frame by frame.

    Every sample pushed is at any time in exactly one place: counted as silence, in a finished
    segment, or pending. Pending sound is one buffer: what may become the next pre-roll, or the open
    segment, followed by the frame that is not complete yet. ``first_sample`` is the position of the
    first sample that will be pushed.
    """

    def __init__(self, options: SegmenterOptions, first_sample: int = 0) -> None:
        self._min_samples = options.min_speech_seconds * SAMPLE_RATE
        self._options = options
        self._pre_roll = _to_frames(options.pre_roll_seconds)
        self._post_roll = _to_frames(options.post_roll_seconds)
        self._silence = _to_frames(options.silence_seconds)
        self._longest = int(options.max_segment_seconds * SAMPLE_RATE) // FRAME_SAMPLES
        self._window = _to_frames(options.split_window_seconds)
        self._pending = bytearray()
        self._start = first_sample  # position of the first pending sample in the stream
        self._voiced = bytearray()  # one flag per whole pending frame
        self._quiet = 0  # silent frames at the end of the open segment
        self._is_open = False
        self.silent_samples = 0
        """Samples that were judged to be outside any segment."""

    @property
    def pending_samples(self) -> int:
        """Return how many samples are pending: undecided, or in the open segment."""
        return len(self._pending) // SAMPLE_BYTES

    @property
    def heard_samples(self) -> int:
        """Return how many samples were pushed so far."""
        return self._start + self.pending_samples

    @property
    def decided_samples(self) -> int:
        """Return up to which sample it is decided what is silence and what is in a segment."""
        return self._start

    @property
    def open_samples(self) -> int:
        """Return the length of the open segment in samples, in complete frames; 0: none is open."""
        return len(self._voiced) * FRAME_SAMPLES if self._is_open else 0

    def open_pcm(self) -> bytes:
        """Return the sound of the open segment, in complete frames; empty: none is open."""
        return self._copy(self.open_samples)

    @property
    def pause_sample(self) -> int | None:
        """Return where the open segment ends if speech does not go on.

        None: no segment is open, or its silence is too short yet to hold all of its sound.
        """
        if not self._is_open or self._quiet < max(1, self._post_roll):
            return None
        return self._start + self._frames_to_keep() * FRAME_SAMPLES

    def as_if_ended(self) -> SegmentEnded:
        """Return the open segment as it is if speech does not go on; it stays open."""
        frames = self._frames_to_keep()
        return self._segment(frames * FRAME_SAMPLES, frames)

    def push(self, pcm: bytes, probabilities: Sequence[float]) -> list[SegmentEvent]:
        """Take the next sound, of any length; return the segments that began and ended, in order.

        ``probabilities`` holds one value, 0..1, for each 512-sample frame that ``pcm`` completes,
        counted from the beginning of the stream, as a ``DetectorStream`` gives them.

        Raises:
            ValueError: the number of probabilities is not the number of frames completed.
        """
        completed = (len(self._pending) + len(pcm)) // FRAME_BYTES - len(self._voiced)
        if len(probabilities) != completed:
            raise ValueError(
                f"{completed} frames need {completed} values, not {len(probabilities)}"
            )
        self._pending += pcm
        events: list[SegmentEvent] = []
        for probability in probabilities:
            if self._is_open:
                self._continue(probability, events)
            else:
                self._wait(probability, events)
        return events

    def skip(self, samples: int) -> list[SegmentEvent]:
        """Take ``samples`` of declared silence, in complete frames; return the segments that ended.

        What is pending counts as coming after them: unless a segment is open, it is silence too.
        """
        events: list[SegmentEvent] = []
        if self._is_open:
            frames = len(self._voiced)
            events.append(self._end(frames * FRAME_SAMPLES, frames))
            self._is_open = False
        self._start += samples
        self.silent_samples += samples
        return events

    def flush(self) -> list[SegmentEvent]:
        """End the stream: the open segment ends with the last sample pushed."""
        events: list[SegmentEvent] = []
        if self._is_open:
            events.append(self._end(self.pending_samples, len(self._voiced)))
            self._is_open = False
        else:
            self._discard(self.pending_samples, len(self._voiced))
        self._pending.clear()  # half a sample at most
        return events

    def _wait(self, probability: float, events: list[SegmentEvent]) -> None:
        """Process a frame while no segment is open."""
        if probability < self._options.speech_threshold:
            self._voiced.append(False)
            self._discard_old_frames()
            return
        self._voiced.append(True)
        self._is_open = True
        self._quiet = 0
        events.append(SegmentStarted(self._start))

    def _continue(self, probability: float, events: list[SegmentEvent]) -> None:
        """Process a frame of the open segment."""
        is_voiced = probability >= self._options.silence_threshold
        self._voiced.append(is_voiced)
        self._quiet = 0 if is_voiced else self._quiet + 1
        if self._quiet >= self._silence:
            self._cut(self._frames_to_keep(), events)
        elif len(self._voiced) >= self._longest:
            self._cut(self._quietest_frame(), events)

    def _cut(self, frames: int, events: list[SegmentEvent]) -> None:
        """End the open segment after ``frames``; if speech goes on, the next one begins there."""
        events.append(self._end(frames * FRAME_SAMPLES, frames))
        self._is_open = True in self._voiced
        if self._is_open:
            events.append(SegmentStarted(self._start))
        else:
            self._discard_old_frames()

    def _quietest_frame(self) -> int:
        """Return the quietest frame near the end of the open segment, never its first."""
        first = len(self._voiced) - self._window
        sound = self._pending[first * FRAME_BYTES : len(self._voiced) * FRAME_BYTES]
        frames = np.frombuffer(sound, np.int16).reshape(-1, FRAME_SAMPLES).astype(np.float32)
        energy = np.einsum("ij,ij->i", frames, frames)
        return first + 1 + int(np.argmin(np.convolve(energy, _SPLIT_WEIGHTS, "valid")))

    def _end(self, samples: int, frames: int) -> SegmentEnded:
        """Hand out the first pending ``samples``, which hold ``frames`` whole frames."""
        ended = self._segment(samples, frames)
        self._drop(samples, frames)
        return ended

    def _frames_to_keep(self) -> int:
        return len(self._voiced) - self._quiet + self._post_roll

    def _segment(self, samples: int, frames: int) -> SegmentEnded:
        speech = self._voiced.count(True, 0, frames) * FRAME_SAMPLES
        end = self._start + samples
        return SegmentEnded(
            self._start, end, self._copy(samples), too_short=speech < self._min_samples
        )

    def _copy(self, samples: int) -> bytes:
        """Return the first pending ``samples``, copied once: it may be half a megabyte."""
        with memoryview(self._pending) as pending:
            return bytes(pending[: samples * SAMPLE_BYTES])

    def _discard_old_frames(self) -> None:
        """Keep what may become the pre-roll; count what is older as silence."""
        old = len(self._voiced) - self._pre_roll
        if old > 0:
            self._discard(old * FRAME_SAMPLES, old)

    def _discard(self, samples: int, frames: int) -> None:
        self._drop(samples, frames)
        self.silent_samples += samples

    def _drop(self, samples: int, frames: int) -> None:
        del self._pending[: samples * SAMPLE_BYTES]
        del self._voiced[:frames]
        self._start += samples


def _require(holds: bool, rule: str) -> None:
    if not holds:
        raise ValueError(f"The segmenter needs {rule}.")


def _to_frames(seconds: float) -> int:
    return ceil(seconds * SAMPLE_RATE / FRAME_SAMPLES)
