"""The hint in the log that a proxy stands in front while the owner needs no login."""

import logging
import time

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 600.0


class ProxyWarning:
    """Told of each request that a proxy sent on; says so at most every PAUSE_SECONDS."""

    def __init__(self) -> None:
        self._quiet_until = 0.0

    def note(self, peer: str | None) -> None:
        """Note that a request came by a proxy at ``peer``."""
        now = time.monotonic()
        if now < self._quiet_until:
            return
        self._quiet_until = now + PAUSE_SECONDS
        logger.warning(
            "requests come by a proxy (%s) while HABLA_OWNER is on: who sits at this machine needs "
            "no login. Behind a proxy set HABLA_OWNER=off, and HABLA_TRUSTED_PROXIES to its "
            "address; docs/operations.md says more under 'Who may use it'",
            peer or "without an address",
        )


proxies = ProxyWarning()
