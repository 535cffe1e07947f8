"""The owner's idioms: read from their rows at the start, and when settings are reloaded."""

import asyncio
import logging
from collections.abc import Iterable

from sessions_app.core.errors import CommandError
from sessions_app.live.registry import Registry
from sessions_app.pipeline.idioms.book import by_language
from sessions_app.pipeline.idioms.matching import Idiom, check
from sessions_app.store import sessions

logger = logging.getLogger(__name__)


async def read_idioms(registry: Registry) -> int:
    """Read the idioms from their rows for all sessions, live ones too; return how many there are.

    A row that the checks would refuse now is left out.

    Raises:
        StoreError: they could not be read; the old ones stay in use.
    """
    good = await asyncio.to_thread(_good, await sessions.own_idioms())
    own = await asyncio.to_thread(by_language, good)
    if registry.generations is not None:
        registry.generations.idioms.replace(own)
    logger.info("%d idioms of the owner's are looked for", len(good))
    return len(good)


async def read_at_start(registry: Registry) -> None:
    """Read the idioms when a server starts."""
    await read_idioms(registry)


async def reload_idioms(registry: Registry) -> str:
    """Read the idioms again while a server runs; return a sentence that says how many there are."""
    count = await read_idioms(registry)
    return f"{count} idioms of your own are looked for."


def _good(idioms: Iterable[Idiom]) -> list[Idiom]:
    return [idiom for idiom in idioms if _is_good(idiom)]


def _is_good(idiom: Idiom) -> bool:
    try:
        check(idiom)
    except CommandError as error:
        logger.warning("an idiom of the owner's is left out: %s", error)
        return False
    return True
