"""Rate limits by token buckets, on a clock that is given; pure.

A bucket holds at most ``burst`` tokens and gains ``per_second``; a request that costs more than
there are has to wait.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from time import monotonic


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate limit: how much at once, and how much in the long run."""

    burst: float
    per_second: float


class Bucket:
    """The token bucket of one client."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._tokens = rate.burst
        self._filled_at = clock()

    def wait_seconds(self, cost: float = 1.0) -> float:
        """Return how long it takes until ``cost`` tokens are there; 0: they are. Takes none."""
        self._fill()
        lacking = min(cost, self._rate.burst) - self._tokens
        return max(0.0, lacking / self._rate.per_second)

    def take(self, cost: float = 1.0) -> float:
        """Take ``cost`` tokens and return 0; if there are too few, return how long to wait."""
        wait = self.wait_seconds(cost)
        if wait == 0:
            self._tokens -= min(cost, self._rate.burst)
        return wait

    def take_all(self) -> float:
        """Take all tokens that are there, and return how many those were."""
        self._fill()
        taken, self._tokens = self._tokens, 0.0
        return taken

    def _fill(self) -> None:
        now = self._clock()
        gained = (now - self._filled_at) * self._rate.per_second
        self._tokens = min(self._rate.burst, self._tokens + gained)
        self._filled_at = now


class Buckets:
    """A token bucket for each client; those that were used least recently are discarded."""

    def __init__(
        self, rate: Rate, most: int = 10_000, clock: Callable[[], float] = monotonic
    ) -> None:
        self._rate = rate
        self._most = most
        self._clock = clock
        self._buckets: OrderedDict[Hashable, Bucket] = OrderedDict()

    def of(self, client: Hashable) -> Bucket:
        """Return the bucket of ``client``."""
        bucket = self._buckets.get(client)
        if bucket is None:
            bucket = self._buckets[client] = Bucket(self._rate, self._clock)
        self._buckets.move_to_end(client)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return bucket

    def clear(self) -> None:
        """Discard all buckets."""
        self._buckets.clear()
