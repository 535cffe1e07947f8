"""A session that another process left, and this one goes on with."""

from dataclasses import dataclass

from sessions_app.core.events import Numbered
from sessions_app.live.resuming.checkpoint import Checkpoint
from sessions_app.store.resumptions import FoundSession, LeftBehind

OWED_SECONDS = 60.0
"""How much sound more than that of its absence a client may hold: it was behind before."""


@dataclass(frozen=True, slots=True)
class RestoredSession:
    """What is known of it when it begins here."""

    found: FoundSession
    """As it was found: to be given back like that where it cannot go on here."""
    checkpoint: Checkpoint
    left: LeftBehind
    ticket_hash: str
    """Of the ticket with which its client came."""
    seen: int
    """The highest number of an event that the client has."""
    age_seconds: float
    """How long ago it began."""

    @property
    def newest_utterance(self) -> int:
        """An id that no utterance of its exceeds: a client has seen an event of each it knows."""
        return max(self.left.newest_utterance, self.checkpoint.utterance, self.seen)

    @property
    def newest_event(self) -> int:
        """A number that no event of its exceeds."""
        return max(self.left.newest_event, self.checkpoint.event, self.seen)

    @property
    def missed(self) -> list[Numbered]:
        """The exchanges that the client has not been told of, as far as they are in the rows."""
        missed = [Numbered(event, number) for number, event in self.left.missed]
        return sorted(
            (event for event in missed if event.number > self.seen), key=lambda event: event.number
        )

    @property
    def owed_seconds(self) -> float:
        """How much sound the client may hold."""
        return self.found.away_seconds + OWED_SECONDS
