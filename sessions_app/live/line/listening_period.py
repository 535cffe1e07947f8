"""One listening period of a session: the client's, or a guest's."""

from dataclasses import dataclass

from sessions_app.core.audio import to_seconds
from sessions_app.pipeline.listener import Listener
from sessions_app.pipeline.pace import PaceLimiter, PaceVerdict


@dataclass(slots=True, eq=False)
class ListeningPeriod:
    """A stream that is open, and what hears it."""

    listener: Listener
    stream: int | None = None
    """Its number, where it is the client's; None: it is a guest's."""
    pace: PaceLimiter | None = None
    """Judges how fast it comes; None: whoever brings it waits until it is heard."""
    received_before: int = 0
    """How much sound the session had received before it, in samples."""

    @property
    def is_guests(self) -> bool:
        """Whether a guest brings its sound."""
        return self.stream is None

    def judge_pace(self, received: int, came_at: float) -> PaceVerdict:
        """Return whether its sound comes too fast, the session having received so much by now."""
        if self.pace is None:
            return PaceVerdict.FINE
        # dropped sound counts too: a flood does not get slower by being dropped;
        # a gap in the timestamps costs no work
        came = received - self.received_before - self.listener.declared_samples
        return self.pace.judge(to_seconds(came), came_at)
