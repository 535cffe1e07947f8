"""What a server looks after by itself: signs of life, ends asked for elsewhere, dead servers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from sessions_app import store
from sessions_app.errors import StoreError
from sessions_app.protocol import CloseCode
from sessions_app.registry import Registry
from sessions_app.states import Ending

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""How often the rows are looked at; nobody needs to be told that one was changed."""
LOOKS_A_BEAT = 5
"""Every so many looks the sessions give a sign of life."""

Look = Callable[[Registry, bool], Awaitable[None]]
_others: list[Look] = []


def look_also(look: Look) -> None:
    """Let an app above sessions look after its rows too: ``look(registry, is_beat)``."""
    _others.append(look)


ENDED_BY_OPERATOR = Ending("ended_by_operator", CloseCode.LEFT)


async def keep_vigil(registry: Registry) -> None:
    """Look, again and again, until cancelled. A database that fails is asked again."""
    looks = 0
    while True:
        try:
            is_beat = looks % LOOKS_A_BEAT == 0
            await _look(registry, is_beat=is_beat)
            for look in _others:
                await look(registry, is_beat)
        except StoreError as error:
            logger.warning("could not look after the rows: %s", error)
        looks += 1
        await asyncio.sleep(LOOK_SECONDS)


async def _look(registry: Registry, *, is_beat: bool) -> None:
    wanted = await store.look(list(registry.sessions), is_beat=is_beat)
    registry.end(wanted, ENDED_BY_OPERATOR)
    if is_beat and (lost := await store.mark_lost(registry.boot)):
        logger.warning("%d sessions of a server that died are marked as lost", lost)
