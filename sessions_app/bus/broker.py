"""The channel layer's broker: its errors, and subscribing to one of its groups."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from channels.exceptions import ChannelFull

JOIN_SECONDS = 2.0
"""How long the broker may take to subscribe a channel to a group."""
RENEW_SECONDS = 3600.0
"""How long one subscription is used; brokers forget it after a day."""


def broker_errors() -> tuple[type[Exception], ...]:
    """Return the errors of a broker; TimeoutError comes from our own asyncio.timeout around it.

    The Redis client takes 10 MB, so only the channel layer that needs it imports it.
    """
    redis = sys.modules.get("redis.exceptions")
    known = (OSError, ChannelFull, TimeoutError)
    return known if redis is None else (*known, redis.RedisError)


@asynccontextmanager
async def subscribed(layer: Any, group: str, *, leave_seconds: float) -> AsyncIterator[str]:
    """Give a channel subscribed to ``group``; unsubscribing may take ``leave_seconds``.

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
