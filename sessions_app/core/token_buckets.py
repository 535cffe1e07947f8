"""How often something may be asked for: token buckets, on a clock that is given; pure.

A bucket holds ``burst`` tokens at most and gains ``per_second`` of them; what costs more than there
is must wait.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from time import monotonic


@dataclass(frozen=True, slots=True)
class Rate:
    """How much may be asked for at once, and how much in the long run."""

    burst: float
    per_second: float


class Bucket:
    """What is left of one rate for one who asks."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._tokens = rate.burst
        self._filled_at = clock()

    def wait_seconds(self, cost: float = 1.0) -> float:
        """Return how long it takes until ``cost`` is there; 0: it is. Takes nothing."""
        self._fill()
        lacking = min(cost, self._rate.burst) - self._tokens
        return max(0.0, lacking / self._rate.per_second)

    def take(self, cost: float = 1.0) -> float:
        """Take ``cost`` if it is there; return how long to wait where it is not, else 0."""
        wait = self.wait_seconds(cost)
        if wait == 0:
            self._tokens -= min(cost, self._rate.burst)
        return wait

    def _fill(self) -> None:
        now = self._clock()
        gained = (now - self._filled_at) * self._rate.per_second
        self._tokens = min(self._rate.burst, self._tokens + gained)
        self._filled_at = now


class Buckets:
    """A bucket of one rate for each who asks; of those who ask no more the oldest are forgotten."""

    def __init__(
        self, rate: Rate, most: int = 10_000, clock: Callable[[], float] = monotonic
    ) -> None:
        self._rate = rate
        self._most = most
        self._clock = clock
        self._buckets: OrderedDict[Hashable, Bucket] = OrderedDict()

    def of(self, who: Hashable) -> Bucket:
        """Return the bucket of ``who``."""
        bucket = self._buckets.get(who)
        if bucket is None:
            bucket = self._buckets[who] = Bucket(self._rate, self._clock)
        self._buckets.move_to_end(who)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return bucket

    def clear(self) -> None:
        """Forget everybody."""
        self._buckets.clear()
