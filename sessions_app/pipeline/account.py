"""The account of a session's sound: what became of every sample, and why."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sessions_app.core.audio import to_seconds


@dataclass(slots=True)
class Account:
    """Samples at 16 kHz, since the session began.

    At the end ``received == transcribed + silence + discarded + dropped + unfinished``.
    """

    received: int = 0
    """Everything that arrived, including what was dropped."""
    transcribed: int = 0
    """Speech in which words were found."""
    silence: int = 0
    discarded: Counter[str] = field(default_factory=Counter)
    """Segments that were judged not to be speech or could not be transcribed, by reason."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Sound that was never processed, by reason."""
    utterances: int = 0
    """Finals sent, including those of typed text."""

    @property
    def speech(self) -> int:
        """Return how many samples were speech, whatever became of it."""
        return self.transcribed + self.discarded.total()

    @property
    def unfinished(self) -> int:
        """Return how many samples are still being processed, or were when the session ended."""
        return self.received - self.speech - self.silence - self.dropped.total()

    def since(self, earlier: "Account") -> "Account":
        """Return what was added since ``earlier``, a copy made then."""
        return Account(
            received=self.received - earlier.received,
            transcribed=self.transcribed - earlier.transcribed,
            silence=self.silence - earlier.silence,
            discarded=self.discarded - earlier.discarded,
            dropped=self.dropped - earlier.dropped,
            utterances=self.utterances - earlier.utterances,
        )

    def as_dict(self) -> dict[str, int | dict[str, int]]:
        """Return the account in samples, as values that fit into JSON."""
        return {
            "received": self.received,
            "transcribed": self.transcribed,
            "silence": self.silence,
            "discarded": dict(self.discarded),
            "dropped": dict(self.dropped),
            "unfinished": self.unfinished,
        }

    def as_summary(self) -> dict[str, Any]:
        """Return the fields of `listening_stopped`: a summary in seconds, and the whole account."""
        return {
            "utterances": self.utterances,
            "speech_seconds": round(to_seconds(self.speech), 3),
            "received_seconds": round(to_seconds(self.received), 3),
            "dropped_seconds": round(to_seconds(self.dropped.total()), 3),
            "account": self.as_dict(),
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Account":
        """Return the account of which ``as_dict`` made ``fields``; ``utterances`` may be added."""
        return cls(
            int(fields["received"]),
            int(fields["transcribed"]),
            int(fields["silence"]),
            Counter({reason: int(n) for reason, n in fields["discarded"].items()}),
            Counter({reason: int(n) for reason, n in fields["dropped"].items()}),
            int(fields.get("utterances", 0)),
        )

    def copy(self) -> "Account":
        """Return a copy of the account as it is now."""
        return Account(
            self.received,
            self.transcribed,
            self.silence,
            self.discarded.copy(),
            self.dropped.copy(),
            self.utterances,
        )
