"""Values that are written to the rows of recordings, or read from them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sessions_app.core.audio import FRAME_SAMPLES
from sessions_app.core.events import Direction, Manner, Mode
from sessions_app.core.steady_clock import clock

MOST_MARKS = 500
"""How many marks of one recording are stored, so that no row grows without limit."""
NOTICED_SAMPLES = 11 * FRAME_SAMPLES
"""How much later than an utterance starts it is noticed: its pre-roll, and the first frame."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What holds from one sample of a recording on, until the next mark."""

    sample: int
    """At 16 kHz, on the recording's own clock."""
    offset_samples: int
    """By how much the session's clock is ahead of the recording's."""
    manner: Manner

    def as_json(self) -> list[Any]:
        """Return it as it is stored."""
        return [self.sample, self.offset_samples, self.manner.direction, self.manner.mode]

    @classmethod
    def of_json(cls, stored: Sequence[Any]) -> "Mark":
        """Return a mark that was stored."""
        sample, offset, direction, mode = stored
        return cls(int(sample), int(offset), Manner(Direction(direction), Mode(mode)))


def offset_at(marks: Sequence[Mark], sample: int) -> int:
    """Return by how much the session's clock is ahead at ``sample``; there is one mark at least."""
    return _last(marks, sample).offset_samples


def manner_at(marks: Sequence[Mark], start_sample: int) -> Manner:
    """Return the manner of an utterance that starts there; there is one mark at least."""
    return _last(marks, start_sample + NOTICED_SAMPLES - 1).manner


def _last(marks: Sequence[Mark], sample: int) -> Mark:
    found = marks[0]
    for mark in marks:
        if mark.sample <= sample:
            found = mark
    return found


@dataclass(frozen=True, slots=True)
class NewRecording:
    """What a recording's row begins with."""

    id: uuid.UUID
    user_id: int
    session_id: uuid.UUID
    encoding: str
    sample_rate: int
    manner: Manner
    directory: str
    """The id of the directory in which its files will lie."""
    conversation_id: uuid.UUID | None = None
    offset_samples: int | None = None
    """Where it begins on the session's clock; None: an earlier version did not note it."""
    started_at: datetime = field(default_factory=clock.now)


@dataclass(frozen=True, slots=True)
class SegmentFacts:
    """One utterance that was cut out of a recording, and what became of it."""

    utterance_id: int
    start_sample: int
    end_sample: int
    language: str = ""
    text: str = ""
    translation: str = ""
    discarded: str = ""
    """Why it became no exchange; empty if it did."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A recording that its server left when it died."""

    id: uuid.UUID
    encoding: str
    sample_rate: int
    is_ours: bool
    """Whether its files would lie here for certain; else that has to be found out."""
