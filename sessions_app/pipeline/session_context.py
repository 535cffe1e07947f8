"""What all parts of one session's pipeline have in common."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from sessions_app.core.events import Emit, Exchange, Manner
from sessions_app.pipeline.account import Account
from sessions_app.pipeline.speakers import Speakers
from sessions_app.pipeline.timeline import Timeline
from sessions_app.pipeline.utterance import Utterance

Keep = Callable[[Exchange, Utterance], Awaitable[Exchange]]


@dataclass(slots=True)
class SessionContext:
    """What the parts of a session's pipeline share, handed to each of them as one object."""

    emit: Emit
    """Sends an event; never raises."""
    keep: Keep
    """Stores an exchange, from the call on, whoever waits for it; returns it, with its id if it has
    been written already. The call or its result raises StoreError if it will never be written."""
    manner: Manner
    """How an utterance that begins now is interpreted; the client may change it."""
    account: Account = field(default_factory=Account)
    speakers: Speakers = field(default_factory=Speakers)
    timeline: Timeline = field(default_factory=Timeline)
    is_live: bool = True
    """Whether somebody waits for each word, so that work is done speculatively. Otherwise none is,
    and what improves the translation is waited for."""
    is_late: bool = False
    """Whether it makes up for what a session was cut off from, so that it gives way to all
    others."""
