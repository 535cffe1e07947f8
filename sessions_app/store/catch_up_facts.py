"""Values about what is caught up on, as they are read from rows and written to them."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sessions_app.core.events import DiscardReason, Exchange
from sessions_app.pipeline.account import Account
from sessions_app.store.recording_facts import Mark, SegmentFacts

UNFINISHED = "unfinished"
"""Why an utterance has no words: its session ended before its turn came."""
JUDGED = frozenset({"", *DiscardReason, "language_not_supported"})
"""Reasons that an engine gave after it had heard an utterance; any other is worth another try."""


def is_due(reason: str) -> bool:
    """Return whether an utterance that was discarded for this reason is to be heard again."""
    return reason not in JUDGED


@dataclass(frozen=True, slots=True)
class LateSession:
    """An ended session that is caught up on."""

    id: uuid.UUID
    started_at: datetime
    conversation_id: uuid.UUID
    """The one that it began with."""
    is_lost: bool
    """Whether its server died."""
    is_unaccounted: bool
    """Whether nobody wrote its account, for that reason."""
    unfinished_samples: int
    checkpoint: Mapping[str, Any] = field(default_factory=dict)
    """From where another process would have gone on, as it is stored; empty: nowhere."""


@dataclass(frozen=True, slots=True)
class LateRecording:
    """A recording of an ended session."""

    id: uuid.UUID
    encoding: str
    is_salvaged: bool
    is_examined: bool
    is_here: bool
    """Whether its sound lies here for certain, unless it is gone."""
    duration_samples: int
    undecided_from: int | None
    """From which sample on it was not cut into utterances; None: from nowhere on."""
    conversation_id: uuid.UUID | None
    """Where its words stand; None, of one that is examined: that was deleted."""
    marks: tuple[Mark, ...]
    """Empty: an earlier version made the recording."""
    first_mark: Mark
    """What holds where ``marks`` is empty, as far as that is known."""


@dataclass(frozen=True, slots=True)
class SpokenExchange:
    """An exchange that people spoke, and its place on the session's clock."""

    utterance_id: int
    start_sample: int
    end_sample: int
    language: str
    source: str
    translated: str


@dataclass(frozen=True, slots=True)
class Examination:
    """What an examination of a recording found."""

    marks: tuple[Mark, ...]
    lacking: tuple[SegmentFacts, ...] = ()
    """Utterances that became exchanges, and have no row beside the recording."""
    undecided_from: int | None = None
    account: Mapping[str, int] = field(default_factory=dict)
    """Samples that nobody accounted for, since the server died: by ``transcribed``, ``silence`` or
    the reason for which they were discarded."""
    whole_account: Account | None = None
    """In place of that: the session's whole account, up to ``undecided_from``."""
    unfinished_samples: int = 0
    """What is to be added to it as unfinished."""


@dataclass(frozen=True, slots=True)
class CutRest:
    """What the rest of a recording was cut into, from ``from_sample`` to its end."""

    from_sample: int
    samples: int
    """How long that rest is."""
    segments: tuple[SegmentFacts, ...]
    size: int
    """Of all files of the recording, in bytes."""
    became: str = "silence"
    """What counts for all that lies between the segments."""

    @property
    def other_samples(self) -> int:
        """How much of it lies between the segments."""
        return self.samples - sum(one.end_sample - one.start_sample for one in self.segments)


@dataclass(frozen=True, slots=True)
class LateSegment:
    """An utterance that waits to be transcribed."""

    id: int
    recording_id: uuid.UUID
    utterance_id: int
    start_sample: int
    end_sample: int
    reason: str
    """Why it has no words."""
    attempts: int

    @property
    def samples(self) -> int:
        """How long it lasts."""
        return self.end_sample - self.start_sample


@dataclass(frozen=True, slots=True)
class LateExchange:
    """An exchange that waits to be translated."""

    id: int
    conversation_id: uuid.UUID
    said: Exchange
    mode: str
    said_at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits to be caught up on."""

    sentences: int = 0
    """How many wait to be transcribed; sound that is not cut into sentences yet counts as one."""
    translations: int = 0
    """How many sentences wait to be translated only."""
    failed: int = 0
    """How many could not be transcribed, and are tried again only when somebody asks for it."""
    deleted: int = 0
    """How many cannot be heard any more, since their sound was deleted."""

    @property
    def is_anything(self) -> bool:
        """Whether anything waits to be done."""
        return bool(self.sentences or self.translations)
