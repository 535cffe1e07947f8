"""Values that are written to the rows of recordings, or read from them."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from sessions_app.core.events import Manner
from sessions_app.core.steady_clock import clock


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
