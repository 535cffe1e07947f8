"""A session's one clock, on which everything that is said or typed has its place."""

from collections.abc import Callable

from sessions_app.core.audio import to_samples
from sessions_app.core.steady_clock import elapsed


class Timeline:
    """Counts samples at 16 kHz since the session began, pauses between listening periods included.

    It never goes back. Sound that comes faster than it was spoken takes as much of the clock as it
    lasts; what follows is later by that much.
    """

    def __init__(self, count: Callable[[], float] = elapsed) -> None:
        self._count = count
        self.begin()

    def begin(self, age_seconds: float = 0.0) -> None:
        """Count from now on: the session begins, or began so long ago."""
        self._began = self._count() - age_seconds
        self._ahead = 0
        self._reached = 0

    def now(self) -> int:
        """Return how many samples ago the session began, to be passed to ``place`` later."""
        return to_samples(self._count() - self._began)

    def place(self, asked_sample: int) -> int:
        """Return the position of what was asked for then: after all sound so far."""
        return max(asked_sample + self._ahead, self._reached)

    def reach(self, sample: int) -> None:
        """Note that there was sound up to ``sample``."""
        self._reached = max(self._reached, sample)
        self._ahead = max(self._ahead, sample - self.now())
