"""Notices a client that sends no sound while the server listens and waits for it."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

LATE_SECONDS = 1.0
"""A timer fires this late because the process was held up, not because a client is silent."""


class SilenceWatch:
    """Watches one session.

    ``waits_since`` returns since when, on the monotonic clock, the server has been waiting for
    sound; None: it does not, because it expects none or still processes what came.
    ``broken`` is called when that has lasted ``seconds``.
    """

    def __init__(
        self,
        seconds: float,
        waits_since: Callable[[], float | None],
        broken: Callable[[], Awaitable[None]],
    ) -> None:
        self._seconds = seconds
        self._waits_since = waits_since
        self._broken = broken

    async def watch(self) -> None:
        """Watch until cancelled (H13)."""
        left = self._seconds
        while True:
            due_at = monotonic() + left
            await asyncio.sleep(left)
            if monotonic() - due_at > LATE_SECONDS:
                left = LATE_SECONDS  # what came meanwhile is read first
                continue
            since = self._waits_since()
            left = self._seconds if since is None else since + self._seconds - monotonic()
            if left <= 0:
                await self._broken()
                left = self._seconds
