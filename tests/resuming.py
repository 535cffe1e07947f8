"""How a client loses its connection in tests, and comes back."""

from typing import Any

from tests.conftest import Connect
from tests.house import Client

LOST = 1006
"""How Daphne names a connection whose network is gone."""


def ticket_of(browser: Client) -> str:
    """Return the ticket that a client was given last."""
    given = [m for m in browser.heard if m["type"] in ("ready", "resumed")]
    return str(given[-1]["resume"]["ticket"])


def numbers(*browsers: Client) -> list[int]:
    """Return the numbers of the events that these were told, in the order in which they were."""
    return [int(m["event"]) for browser in browsers for m in browser.heard if "event" in m]


def seen_by(*browsers: Client) -> int:
    """Return the highest number of an event that these were told."""
    return max(numbers(*browsers), default=0)


def resuming(connect: Connect, *before: Client, seen: int | None = None, **query: Any) -> Any:
    """Connect again with the last ticket of the client that had these connections."""
    number = seen_by(*before) if seen is None else seen
    return connect(resume=ticket_of(before[-1]), seen=str(number), is_ready=False, **query)
