"""What all parts of one session's pipeline have in common."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from sessions_app.core.events import Emit, Exchange, Manner
from sessions_app.pipeline.account import Account
from sessions_app.pipeline.segmenter import SegmenterOptions
from sessions_app.pipeline.speakers import Speakers
from sessions_app.pipeline.timeline import Timeline
from sessions_app.pipeline.utterance import Utterance

Keep = Callable[[Exchange, Utterance], Awaitable[Exchange]]


@dataclass(slots=True)
class SessionContext:
    """Whom a session tells and what it knows, handed to each part instead of one by one."""

    emit: Emit
    """Tells an event; never raises."""
    keep: Keep
    """Saves an exchange and returns it, with its id if it is kept by now; raises StoreError where
    it never will be."""
    manner: Manner
    """How what begins now is interpreted; the client may change it."""
    account: Account = field(default_factory=Account)
    speakers: Speakers = field(default_factory=Speakers)
    timeline: Timeline = field(default_factory=Timeline)
    segmenting: SegmenterOptions = field(default_factory=SegmenterOptions)
    is_live: bool = True
    """Whether somebody waits for each word: then work is done ahead of time. Else nothing is, and
    what makes the words better is waited for."""
