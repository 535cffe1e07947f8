"""Which of several servers is asked next: the least busy of those that give words."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from sessions_app.engines.server_address import api_addresses

FIRST_REST_SECONDS = 1.0
LONGEST_REST_SECONDS = 30.0
"""How long a server that failed is left alone: twice as long each time, up to this."""


class PooledServer:
    """One server, and how it has done so far. Times are those of the monotonic clock."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        self.addresses = api_addresses(url)
        """Where its interface may be."""
        self.url = self.addresses[0]
        """Where it was found, or is looked for first."""
        self.headers = dict(headers or {})
        """What says to it who asks."""
        self.host = urlsplit(url).netloc.rpartition("@")[2]
        """For messages: without a name and password that the address may hold."""
        self.rung = 0
        """How far down the ladder of formats it had to be gone."""
        self.is_proven = False
        """Whether it took a piece in the format of that rung."""
        self.busy = 0
        """How many pieces it works on."""
        self.rest_seconds = 0.0
        self.gives_words = False
        """Whether it gave some, and has not failed since."""
        self._rests_until = 0.0

    @property
    def is_well(self) -> bool:
        """Whether it has not failed since it last gave words; who was never asked is well."""
        return self.rest_seconds == 0

    @property
    def is_resting(self) -> bool:
        """Whether it should be left alone just now."""
        return time.monotonic() < self._rests_until

    @property
    def rank(self) -> tuple[bool, bool, int, bool]:
        """Return by what it comes before or after others: the lowest is asked first."""
        return (self.is_resting, not self.is_well, self.busy, not self.gives_words)

    def gave_words(self) -> None:
        """Take note that it is well."""
        self.rest_seconds = self._rests_until = 0.0
        self.gives_words = True

    def failed(self) -> None:
        """Leave it alone for a while, longer each time."""
        self.rest_seconds = min(
            max(FIRST_REST_SECONDS, self.rest_seconds * 2), LONGEST_REST_SECONDS
        )
        self._rests_until = time.monotonic() + self.rest_seconds
        self.gives_words = False
        self.reset_format()

    def reset_format(self) -> None:
        """Begin again with the best format: what comes back may be another program."""
        self.rung, self.is_proven = 0, False

    def rests(self) -> None:
        """Leave it alone for a moment: it is well, and has too much to do."""
        self._rests_until = time.monotonic() + FIRST_REST_SECONDS

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Count a piece while it is worked on."""
        self.busy += 1
        try:
            yield
        finally:
            self.busy -= 1


class Listeners:
    """All of them."""

    def __init__(self, listeners: Sequence[PooledServer]) -> None:
        self._listeners = list(listeners)

    def all(self) -> Sequence[PooledServer]:
        """Return every one, as they were named."""
        return self._listeners

    def well(self) -> Sequence[PooledServer]:
        """Return those that are well."""
        return [listener for listener in self._listeners if listener.is_well]

    def in_order(self) -> Sequence[PooledServer]:
        """Return them as they should be asked: the least busy first.

        Those that failed, and have given no words since, come behind; the resting ones last.
        """
        return sorted(self._listeners, key=lambda one: one.rank)
