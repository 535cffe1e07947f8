"""What became of every sample of a session: nothing is lost without a reason."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sessions_app.core.audio import to_seconds


@dataclass(slots=True)
class Account:
    """Samples at 16 kHz, since the session began.

    At the end ``received == transcribed + silence + discarded + dropped + unfinished``.
    """

    received: int = 0
    """All that arrived, dropped sound included."""
    transcribed: int = 0
    """Speech that became words."""
    silence: int = 0
    discarded: Counter[str] = field(default_factory=Counter)
    """Speech judged to be nothing, or that could not be heard, by reason."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Sound that was not listened to, by reason."""
    utterances: int = 0
    """Finals told, typed ones included."""

    @property
    def speech(self) -> int:
        """Return how much of it was speech, whatever became of it."""
        return self.transcribed + self.discarded.total()

    @property
    def unfinished(self) -> int:
        """Return what is still on its way, or was when the session ended."""
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
        """Return all of it, in samples, as JSON can hold it."""
        return {
            "received": self.received,
            "transcribed": self.transcribed,
            "silence": self.silence,
            "discarded": dict(self.discarded),
            "dropped": dict(self.dropped),
            "unfinished": self.unfinished,
        }

    def as_summary(self) -> dict[str, Any]:
        """Return what is told of it when listening stops, in seconds, with all of it."""
        return {
            "utterances": self.utterances,
            "speech_seconds": round(to_seconds(self.speech), 3),
            "received_seconds": round(to_seconds(self.received), 3),
            "dropped_seconds": round(to_seconds(self.dropped.total()), 3),
            "account": self.as_dict(),
        }

    def copy(self) -> "Account":
        """Return the account as it stands now."""
        return Account(
            self.received,
            self.transcribed,
            self.silence,
            self.discarded.copy(),
            self.dropped.copy(),
            self.utterances,
        )
