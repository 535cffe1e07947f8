"""Background work of the serving process: what breaks is logged, told, and begun again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic

from sessions_app.live.registry import Registry

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 60.0
"""Pause before work that broke is begun again; it doubles until the work lasts for the longest."""


async def keep_running(registry: Registry, name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Do ``work`` until it returns, or until this is cancelled; begin it again where it raises.

    Until it is begun again, this is among the registry's troubles.
    """
    pause = FIRST_PAUSE_SECONDS
    while True:
        began = monotonic()
        try:
            await work()
        except Exception:  # whatever it is, a server does without none of its work
            logger.exception("%s failed; it is begun again", name)
        else:
            return
        if monotonic() - began > LONGEST_PAUSE_SECONDS:
            pause = FIRST_PAUSE_SECONDS
        registry.note_trouble(name, f"A part of the server broke, and is begun again: {name}.")
        await asyncio.sleep(pause)
        registry.note_trouble(name, "")
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
