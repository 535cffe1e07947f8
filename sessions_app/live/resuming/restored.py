"""A session that another process left, and this one goes on with."""

from dataclasses import dataclass
from uuid import UUID

from sessions_app.core.events import Numbered
from sessions_app.live.resuming.checkpoint import Checkpoint
from sessions_app.store.resumptions import LeftBehind

OWED_SECONDS = 60.0
"""How much sound more than that of its absence a client may hold: it was behind before."""


@dataclass(frozen=True, slots=True)
class RestoredSession:
    """What is known of it when it begins here."""

    session_id: UUID
    checkpoint: Checkpoint
    left: LeftBehind
    ticket_hash: str
    """Of the ticket with which its client came."""
    seen: int
    """The highest number of an event that the client has."""
    age_seconds: float
    """How long ago it began."""
    away_seconds: float
    """How long its client was away."""

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
        return [Numbered(event, number) for number, event in self.left.missed if number > self.seen]

    @property
    def owed_seconds(self) -> float:
        """How much sound the client may hold."""
        return self.away_seconds + OWED_SECONDS
