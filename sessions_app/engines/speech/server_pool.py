"""Which of several servers to ask next: the least busy one that gives words."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from sessions_app.engines.server_address import api_addresses

FIRST_REST_SECONDS = 1.0
LONGEST_REST_SECONDS = 30.0
"""How long a server that failed is left alone: doubled each time, up to this."""


class PooledServer:
    """One server, and its record. Times are those of the monotonic clock."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        self.addresses = api_addresses(url)
        """Where its API may be."""
        self.url = self.addresses[0]
        """Where it was found, or is tried first."""
        self.headers = dict(headers or {})
        """They authenticate the requests."""
        self.host = urlsplit(url).netloc.rpartition("@")[2]
        """For messages: without credentials that the address may contain."""
        self.rung = 0
        """The index of the format in use."""
        self.is_proven = False
        """Whether it accepted a piece in that format."""
        self.busy = 0
        """How many pieces it is working on."""
        self.rest_seconds = 0.0
        self.gives_words = False
        """Whether it gave words, and has not failed since."""
        self._rests_until = 0.0

    @property
    def is_healthy(self) -> bool:
        """Whether it has not failed since it last gave words, or was never asked."""
        return self.rest_seconds == 0

    @property
    def is_resting(self) -> bool:
        """Whether it should be left alone at the moment."""
        return time.monotonic() < self._rests_until

    @property
    def rank(self) -> tuple[bool, bool, int, bool]:
        """Return its place among others: the lowest is asked first."""
        return (self.is_resting, not self.is_healthy, self.busy, not self.gives_words)

    def gave_words(self) -> None:
        """Note that it works."""
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
        """Start again with the best format: another program may run there now."""
        self.rung, self.is_proven = 0, False

    def rests(self) -> None:
        """Leave it alone for a moment: it is overloaded."""
        self._rests_until = time.monotonic() + FIRST_REST_SECONDS

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Count a piece while it is worked on."""
        self.busy += 1
        try:
            yield
        finally:
            self.busy -= 1


class ServerPool:
    """All servers."""

    def __init__(self, servers: Sequence[PooledServer]) -> None:
        self._servers = list(servers)

    def all(self) -> Sequence[PooledServer]:
        """Return all of them, as configured."""
        return self._servers

    def healthy(self) -> Sequence[PooledServer]:
        """Return the healthy ones."""
        return [server for server in self._servers if server.is_healthy]

    def in_order(self) -> Sequence[PooledServer]:
        """Return them in the order in which to ask: the least busy first.

        Those that failed, and have given no words since, come last but one; those to be left alone
        last.
        """
        return sorted(self._servers, key=lambda one: one.rank)
