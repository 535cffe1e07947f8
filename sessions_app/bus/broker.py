"""The channel layer's broker: how it fails, and how a process hears a group of it."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from channels.exceptions import ChannelFull

JOIN_SECONDS = 2.0
"""How long the broker may take to let somebody listen."""
RENEW_SECONDS = 3600.0
"""How long one subscription is trusted; brokers forget a group after a day."""


def broker_errors() -> tuple[type[Exception], ...]:
    """Return how a broker fails. asyncio.timeout, and not the broker, bounds how long that takes.

    The client of Redis, 10 MB, is loaded by the channel layer that needs it, and by nobody else.
    """
    redis = sys.modules.get("redis.exceptions")
    known = (OSError, ChannelFull, TimeoutError)
    return known if redis is None else (*known, redis.RedisError)


@asynccontextmanager
async def subscribed(layer: Any, group: str, *, leave_seconds: float) -> AsyncIterator[str]:
    """Give a channel on which ``group`` is heard; leaving it may take ``leave_seconds``.

    Raises:
        Exception: one of ``broker_errors``; TimeoutError also after RENEW_SECONDS.
    """
    async with asyncio.timeout(JOIN_SECONDS):
        channel: str = await layer.new_channel()
        await layer.group_add(group, channel)
    try:
        async with asyncio.timeout(RENEW_SECONDS):
            yield channel
    finally:
        with suppress(*broker_errors()):
            async with asyncio.timeout(leave_seconds):
                await layer.group_discard(group, channel)
