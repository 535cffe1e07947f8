"""Better engines than there are: fetched in the background, then a new generation."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import asdict

from sessions_app.conf import Conf
from sessions_app.engines import hub
from sessions_app.engines.downloads import download
from sessions_app.engines.loading import wanted_downloads
from sessions_app.errors import EngineUnavailableError
from sessions_app.events import Notice
from sessions_app.registry import Registry

logger = logging.getLogger(__name__)

STEPS_TOLD = 20
"""How often, for each model, the console and the clients hear how far it is."""


async def improve(registry: Registry, conf: Conf, say: Callable[[str], None]) -> None:
    """Fetch what `auto` would rather use, and load a generation with it.

    Where the hub cannot be reached nothing changes; what serves goes on serving.
    """
    wanted = wanted_downloads(conf.engines)
    if not wanted or not await asyncio.to_thread(hub.reachable):
        return
    say(f"Fetching better engines in the background: {', '.join(wanted)}.")
    fetched = 0
    for name in wanted:
        fetched += await _fetch(registry, conf, name, say)
    if fetched and await registry.load():
        await tell_engines(registry)
        say("The better engines are loaded; whoever connects now gets them.")


async def tell_engines(registry: Registry) -> None:
    """Tell every client that new connections get other engines than it has."""
    generation = registry.generations.current if registry.generations else None
    if generation is not None:
        infos = {kind: asdict(info) for kind, info in generation.engines.infos.items()}
        fields = {"generation": generation.number, "engines": infos}
        await registry.tell_all(Notice("engines_changed", fields))


async def _fetch(registry: Registry, conf: Conf, name: str, say: Callable[[str], None]) -> bool:
    telling: set[asyncio.Task[None]] = set()
    told = -1
    engines = conf.engines

    def progress(step: str, fraction: float | None) -> None:
        nonlocal told
        share = -1 if fraction is None else int(fraction * STEPS_TOLD)
        if share == told:
            return
        told = share
        if fraction is not None:
            say(f"{step}: {fraction:.0%}")
        notice = Notice("loading", {"message": step, "progress": fraction})
        task = asyncio.get_running_loop().create_task(registry.tell_all(notice))
        telling.add(task)
        task.add_done_callback(telling.discard)

    try:
        await download(name, engines.models_dir, progress, models_from=engines.models_from)
    except EngineUnavailableError as error:
        logger.warning("%s was not fetched: %s", name, error)
        say(f"{name} could not be fetched: {error}")
        return False
    finally:
        if telling:
            await asyncio.wait(telling)
    return True
