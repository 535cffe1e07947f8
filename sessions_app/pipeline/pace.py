"""How fast sound may come: a burst, and then at most twice as fast as it is spoken."""

from dataclasses import dataclass
from enum import Enum, auto


class PaceVerdict(Enum):
    """What to do about a source's speed."""

    FINE = auto()
    WARN = auto()
    """The source is too fast: tell it. Once each time."""
    END = auto()
    """The source was told and went on: end it."""


@dataclass(frozen=True, slots=True)
class PaceOptions:
    """How far ahead of real time the sound of a source may be."""

    factor: float = 2.0
    """Seconds of sound that may come per second ..."""
    burst_seconds: float = 10.0
    """... beyond these, in seconds of sound."""
    grace_seconds: float = 10.0
    """Seconds of sound that may still come after the warning."""


class PaceLimiter:
    """Watches one listening period, on the loop's clock, which the caller passes in."""

    def __init__(self, options: PaceOptions, now: float) -> None:
        self._options = options
        self._began_at = now
        self._is_warned = False
        self._most_ahead = 0.0
        """How far its sound was ahead of what may come in the long run."""

    @property
    def spare_seconds(self) -> float:
        """Return how much of the burst was never used."""
        return max(0.0, self._options.burst_seconds - self._most_ahead)

    def judge(self, sound_seconds: float, now: float) -> PaceVerdict:
        """Return what to do, ``sound_seconds`` being all the sound since the beginning."""
        in_the_long_run = self._options.factor * (now - self._began_at)
        self._most_ahead = max(self._most_ahead, sound_seconds - in_the_long_run)
        agreed = self._options.burst_seconds + in_the_long_run
        if sound_seconds <= agreed:
            self._is_warned = False
            return PaceVerdict.FINE
        if not self._is_warned:
            self._is_warned = True
            return PaceVerdict.WARN
        too_far = sound_seconds > agreed + self._options.grace_seconds
        return PaceVerdict.END if too_far else PaceVerdict.FINE
