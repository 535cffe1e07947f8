"""The numbered events of a session, the newest kept for a client that comes back."""

from collections import deque

from sessions_app.core.events import (
    Discarded,
    Event,
    Exchange,
    Failure,
    FinalTranscript,
    Notice,
    Numbered,
    SpeechEnded,
    SpeechStarted,
)

MOST_EVENTS = 512
"""How many events are kept; older ones are in the rows."""


class EventLog:
    """Numbers what a client must not miss, and keeps the newest. ``above``: the last one used."""

    def __init__(self, above: int = 0) -> None:
        self.newest = above
        """The number of the newest event."""
        self._kept: deque[Numbered] = deque(maxlen=MOST_EVENTS)

    def take(self, event: Event) -> Numbered | None:
        """Number an event and keep it; None: it is of passing interest, and has no number."""
        if not is_counted(event):
            return None
        self.newest += 1
        numbered = Numbered(event, self.newest)
        self._kept.append(numbered)
        return numbered

    def skip_to(self, number: int) -> None:
        """Use no number up to this one any more: another process may have used them."""
        self.newest = max(self.newest, number)

    def first_after(self, seen: int) -> int:
        """Return the number of the first event that a client gets which has seen ``seen``."""
        missed = self.next_after(seen)
        return self.newest + 1 if missed is None else missed.number

    def next_after(self, number: int) -> Numbered | None:
        """Return the first event that is kept of those above ``number``; None: there is none."""
        if number >= self.newest:
            return None
        return next((event for event in self._kept if event.number > number), None)


def is_counted(event: Event) -> bool:
    """Return whether an event is told again to a client that missed it."""
    if isinstance(event, Notice):
        return event.is_counted
    if isinstance(event, Failure):
        return isinstance(event.about, int)
    return isinstance(event, SpeechStarted | SpeechEnded | FinalTranscript | Exchange | Discarded)
