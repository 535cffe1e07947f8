"""A warning in the log that there may be a proxy while the owner needs no login."""

import logging
import time

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 600.0
LONG_PAUSE_SECONDS = 86_400.0
"""Another user of this machine may just be a monitor that checks the server every minute."""


class ProxyWarning:
    """Warns of requests that come ``how``, at most every ``pause_seconds``."""

    def __init__(self, how: str, pause_seconds: float) -> None:
        self._how = how
        self._pause_seconds = pause_seconds
        self._quiet_until = 0.0

    def note(self, peer: str | None) -> None:
        """Note such a request from ``peer``."""
        now = time.monotonic()
        if now < self._quiet_until:
            return
        self._quiet_until = now + self._pause_seconds
        logger.warning(
            "requests come %s (%s) while HABLA_OWNER is on: nobody at this machine needs "
            "to log in. Behind a proxy set HABLA_OWNER=off, and HABLA_TRUSTED_PROXIES to its "
            "address; docs/operations.md says more under 'Who may use it'",
            self._how,
            peer or "without an address",
        )


proxies = ProxyWarning("by a proxy", PAUSE_SECONDS)
silent_proxies = ProxyWarning(
    "from another user of this machine, or by a proxy that adds no header", LONG_PAUSE_SECONDS
)
"""For proxies that cannot be distinguished from any other program."""
