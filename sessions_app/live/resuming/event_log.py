"""The numbered events of a session, the newest kept for a client that comes back."""

from collections import deque
from collections.abc import Iterable

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
    """Numbers what a client must not miss, and keeps the newest.

    A number may be reserved for the outcome of an utterance, so that its row can say with which
    number it is told. Events with higher numbers wait until that is taken, or dropped.
    """

    def __init__(self) -> None:
        self.newest = 0
        """The highest number that was used, or reserved."""
        self._kept: deque[Numbered] = deque(maxlen=MOST_EVENTS)
        self._reserved: dict[int, int] = {}
        """By utterance, in the order of the numbers."""

    def take(self, event: Event) -> Numbered | None:
        """Number an event and keep it; None: it is of passing interest, and has no number."""
        if not is_counted(event):
            return None
        reserved = self._take_reserved(event)
        if reserved is None:
            self.newest += 1
        numbered = Numbered(event, self.newest if reserved is None else reserved)
        if self._kept and self._kept[-1].number > numbered.number:
            later = [kept for kept in self._kept if kept.number > numbered.number]
            earlier = [kept for kept in self._kept if kept.number < numbered.number]
            self._kept = deque([*earlier, numbered, *later], MOST_EVENTS)
        else:
            self._kept.append(numbered)
        return numbered

    def _take_reserved(self, event: Event) -> int | None:
        utterance_id = _outcome_of(event)
        return None if utterance_id is None else self._reserved.pop(utterance_id, None)

    def reserve(self, utterance_id: int) -> int:
        """Return the number with which the outcome of an utterance will be told."""
        self.newest += 1
        self._reserved[utterance_id] = self.newest
        return self.newest

    def drop_reserved(self) -> None:
        """Wait for no outcome any more: whoever was to tell it was cancelled."""
        self._reserved.clear()

    def go_on(self, above: int, missed: Iterable[Numbered] = ()) -> None:
        """Use only numbers above this one: another process may have used those up to it.

        ``missed`` are events of that process, in the order of their numbers.
        """
        self.newest = max(self.newest, above)
        self._kept.extend(missed)

    def first_after(self, seen: int) -> int:
        """Return the number of the first event that a client gets which has seen ``seen``."""
        kept = (event.number for event in self._kept if event.number > seen)
        awaited = (number for number in self._reserved.values() if number > seen)
        return min([*kept, *awaited], default=max(self.newest, seen) + 1)

    def next_after(self, number: int) -> Numbered | None:
        """Return the first event that is kept of those above ``number``; None: there is none."""
        if number >= self.newest:
            return None
        found = next((event for event in self._kept if event.number > number), None)
        awaited = min(self._reserved.values(), default=None)
        is_ready = found is None or awaited is None or found.number < awaited
        return found if is_ready else None


def _outcome_of(event: Event) -> int | None:
    """Return the utterance of which an event tells the outcome; None: it tells none."""
    if isinstance(event, Exchange):
        return event.utterance_id
    return event.about if isinstance(event, Failure) and isinstance(event.about, int) else None


def is_counted(event: Event) -> bool:
    """Return whether an event is told again to a client that missed it."""
    if isinstance(event, Notice):
        return event.is_counted
    if isinstance(event, Failure):
        return event.command is not None or isinstance(event.about, int)
    return isinstance(event, SpeechStarted | SpeechEnded | FinalTranscript | Exchange | Discarded)
