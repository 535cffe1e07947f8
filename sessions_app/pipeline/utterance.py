"""What the listener hands to the interpreter."""

import time
import uuid
from dataclasses import dataclass, field

from sessions_app.core.events import Manner, Speaker, Transcript


@dataclass(frozen=True, slots=True)
class Utterance:
    """A finished segment of speech, or typed text, that is to become an exchange."""

    id: int
    manner: Manner
    pcm: bytes = b""
    """16 kHz mono s16le; empty for typed text."""
    start_sample: int = 0
    """On the clock of its listening period."""
    end_sample: int = 0
    offset_samples: int = 0
    """Where that period began on the session's clock."""
    too_short: bool = False
    heard: Transcript | None = None
    """Its words, where it was cut at the end of a sentence; None: they are to be found."""
    text: str = ""
    """What was typed; empty for speech."""
    speaker: Speaker | None = None
    command: int | None = None
    """The number of the command by which it was typed, if the client numbers its commands."""
    origin: uuid.UUID | None = None
    """The id of what a guest of the session says it for; None: people said it."""
    ended_at: float = field(default_factory=time.monotonic)
    """When it was handed to the interpreter, on the monotonic clock."""

    @property
    def samples(self) -> int:
        """Return how many samples it lasts."""
        return self.end_sample - self.start_sample
