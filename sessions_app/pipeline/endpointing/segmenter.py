"""Endpointing: where speech begins and ends; a state machine with its own sound and no clock."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from sessions_app.core.audio import FRAME_BYTES, FRAME_SAMPLES, SAMPLE_BYTES, SAMPLE_RATE
from sessions_app.pipeline.endpointing.breaks import Breaks

_SPLIT_WEIGHTS = np.array([1.0, 2.0, 1.0])
"""Of a frame and its neighbours: over all three a pause is quieter than a closed consonant."""
ASK_AGAIN_SECONDS = 1.5
"""How much longer a segment must be at least before the next question about it ..."""
ASK_AGAIN_FACTOR = 1.3
"""... and by which factor, unless a break makes it likely that a sentence has ended."""


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
    ask_seconds: float = 0.0
    """Length from which on it is asked where sentences end in an open segment; 0: never."""
    asks_after_breaks: bool = False
    """Whether it is asked sooner where somebody has taken a breath: sentences end there."""

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
        _require(self.ask_seconds >= 0, "ask_seconds >= 0")


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

    Where it ``is_asking``, the open segment has become so long that it should be cut where a
    sentence ends: whoever pushes finds out where, calls ``cut`` for each place, and then ``go_on``.
    It asks at a frame and not at a moment: the same sound is cut at the same places.
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
        self._unjudged: deque[tuple[float, float]] = deque()  # of the pending frames after those
        self._quiet = 0  # silent frames at the end of the open segment
        self._is_open = False
        self.rarity = 1.0
        """How many times more rarely it asks, where whoever is asked takes long."""
        self._ask_at = 0  # how many frames the open segment has at the next question, at the latest
        self._asked_at = 0  # and how many it had at the last one
        self._breaks = Breaks()
        self.is_asking = False
        """Whether it waits to be told where sentences end in the open segment."""
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

    def as_it_is(self) -> SegmentEnded:
        """Return the open segment as far as it has come; it stays open."""
        return self._segment(self.open_samples, len(self._voiced))

    def as_if_ended(self) -> SegmentEnded:
        """Return the open segment as it is if speech does not go on; it stays open."""
        frames = self._frames_to_keep()
        return self._segment(frames * FRAME_SAMPLES, frames)

    def push(self, pcm: bytes, probabilities: Sequence[float]) -> list[SegmentEvent]:
        """Take the next sound, of any length; return the segments that began and ended, in order.

        ``probabilities`` holds one value, 0..1, for each 512-sample frame that ``pcm`` completes,
        counted from the beginning of the stream, as a ``DetectorStream`` gives them. Where it
        ``is_asking`` then, what comes after the question is judged by ``go_on``.

        Raises:
            ValueError: the number of probabilities is not the number of frames completed.
        """
        known = len(self._voiced) + len(self._unjudged)
        completed = (len(self._pending) + len(pcm)) // FRAME_BYTES - known
        if len(probabilities) != completed:
            raise ValueError(
                f"{completed} frames need {completed} values, not {len(probabilities)}"
            )
        self._pending += pcm
        self._unjudged.extend(
            zip(probabilities, self._loudness(known, known + completed), strict=True)
        )
        return self.go_on()

    def go_on(self) -> list[SegmentEvent]:
        """Judge what was pushed, up to the next question; return what began and ended."""
        events: list[SegmentEvent] = []
        self.is_asking = False
        while self._unjudged and not self.is_asking:
            self._judge(events)
        return events

    def cut(self, from_sample: int, to_sample: int) -> list[SegmentEvent]:
        """Cut the open segment in its quietest frame between two samples of the stream.

        Return the segment that ended and the one that began; nothing where that is no place in it.
        """
        events: list[SegmentEvent] = []
        first = max(1, (from_sample - self._start) // FRAME_SAMPLES)
        last = min(len(self._voiced) - 2, ceil((to_sample - self._start) / FRAME_SAMPLES))
        if self._is_open and first <= last:
            self._cut(self._quietest_frame(first, last), events)
        return events

    def skip(self, samples: int) -> list[SegmentEvent]:
        """Take ``samples`` of declared silence, in complete frames; return the segments that ended.

        What is pending counts as coming after them: unless a segment is open, it is silence too.
        """
        events = self._judge_rest()
        if self._is_open:
            frames = len(self._voiced)
            events.append(self._end(frames * FRAME_SAMPLES, frames))
            self._is_open = False
        self._start += samples
        self.silent_samples += samples
        return events

    def flush(self) -> list[SegmentEvent]:
        """End the stream: the open segment ends with the last sample pushed."""
        events = self._judge_rest()
        if self._is_open:
            events.append(self._end(self.pending_samples, len(self._voiced)))
            self._is_open = False
        else:
            self._discard(self.pending_samples, len(self._voiced))
        self._pending.clear()  # half a sample at most
        return events

    def _judge_rest(self) -> list[SegmentEvent]:
        """Judge what was pushed, without any question."""
        events: list[SegmentEvent] = []
        while self._unjudged:
            self._judge(events)
        self.is_asking = False
        return events

    def _judge(self, events: list[SegmentEvent]) -> None:
        probability, energy = self._unjudged.popleft()
        if self._is_open:
            self._breaks.hear(energy, len(self._voiced) + 1)
            self._continue(probability, events)
        else:
            self._wait(probability, events)

    def _wait(self, probability: float, events: list[SegmentEvent]) -> None:
        """Process a frame while no segment is open."""
        if probability < self._options.speech_threshold:
            self._voiced.append(False)
            self._discard_old_frames()
            return
        self._voiced.append(True)
        self._is_open = True
        self._quiet = 0
        self._asked_at, self._ask_at = 0, self._first_question()
        self._breaks = Breaks()
        events.append(SegmentStarted(self._start))

    def _continue(self, probability: float, events: list[SegmentEvent]) -> None:
        """Process a frame of the open segment."""
        is_voiced = probability >= self._options.silence_threshold
        self._voiced.append(is_voiced)
        self._quiet = 0 if is_voiced else self._quiet + 1
        if self._quiet >= self._silence:
            self._cut(self._frames_to_keep(), events)
        elif len(self._voiced) >= self._longest:
            longest = len(self._voiced)
            self._cut(self._quietest_frame(longest - self._window + 1, longest - 2), events)
        elif is_voiced and self._ask_at and self._is_time_to_ask(len(self._voiced)):
            self.is_asking = True
            self._asked_at, self._ask_at = len(self._voiced), self._ask_again()

    def _is_time_to_ask(self, frames: int) -> bool:
        is_soon = frames - self._asked_at < _to_frames(self.rarity * ASK_AGAIN_SECONDS)
        if self._options.asks_after_breaks and not is_soon and self._breaks.take(frames):
            return True
        return frames >= self._ask_at

    def _first_question(self) -> int:
        """Return how many frames the open segment has at its first question; 0: there is none."""
        return _to_frames(self.rarity * self._options.ask_seconds)

    def _ask_again(self) -> int:
        """Return how many frames it has at the next one, at the latest."""
        frames = len(self._voiced)
        later = max(_to_frames(self.rarity * ASK_AGAIN_SECONDS), (ASK_AGAIN_FACTOR - 1) * frames)
        return ceil(frames + later)

    def _cut(self, frames: int, events: list[SegmentEvent]) -> None:
        """End the open segment after ``frames``; if speech goes on, the next one begins there."""
        events.append(self._end(frames * FRAME_SAMPLES, frames))
        self._is_open = True in self._voiced
        if self._is_open:
            first = self._first_question()
            self._asked_at, self._ask_at = (
                len(self._voiced),
                first and max(first, self._ask_again()),
            )
            self._breaks.shift(frames)
            events.append(SegmentStarted(self._start))
        else:
            self._discard_old_frames()

    def _quietest_frame(self, first: int, last: int) -> int:
        """Return the quietest frame of some of the open segment's; each has two neighbours."""
        energies = self._energies(first - 1, last + 2)
        return first + int(np.argmin(np.convolve(energies, _SPLIT_WEIGHTS, "valid")))

    def _loudness(self, first: int, last: int) -> list[float]:
        """Return their energies if breaks are looked for."""
        if self._options.asks_after_breaks:
            return self._energies(first, last)
        return [0.0] * (last - first)

    def _energies(self, first: int, last: int) -> list[float]:
        """Return the energy of the pending frames from ``first`` up to ``last``."""
        sound = self._pending[first * FRAME_BYTES : last * FRAME_BYTES]
        frames = np.frombuffer(sound, np.int16).reshape(-1, FRAME_SAMPLES).astype(np.float32)
        found: list[float] = np.einsum("ij,ij->i", frames, frames).tolist()
        return found

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
