"""Downloads models for better engines in the background, then loads a new generation."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from sessions_app.config.variables import Conf
from sessions_app.core.errors import EngineError, EngineUnavailableError
from sessions_app.core.events import Notice
from sessions_app.engines.loading import wanted_downloads
from sessions_app.engines.models import hub
from sessions_app.engines.models.downloads import download
from sessions_app.engines.speech.whisper_speed import MeasuredTranscriber
from sessions_app.live.registry import Registry

logger = logging.getLogger(__name__)

STEPS_TOLD = 20
"""How often, for each model, the console and the clients are told of its progress."""
FIRST_PAUSE_SECONDS = 60.0
"""The pause before the first retry of a failed download; it doubles each time ..."""
LONGEST_PAUSE_SECONDS = 3600.0
"""... up to this length."""


async def download_better_models(
    registry: Registry, conf: Conf, say: Callable[[str], None]
) -> None:
    """Download what `auto` would prefer, and what the owner asks for.

    It ends when it is cancelled, and when the registry is closed. A transcriber comes first, and
    is loaded before anything else is downloaded. A failed download is retried later without a
    message; the engines in use stay in use.
    """
    pause = FIRST_PAUSE_SECONDS
    is_first = True
    while registry.generations is not None:
        wanted = [] if _is_forbidden(conf) else wanted_downloads(conf.engines)
        if wanted and is_first:
            say(f"Fetching better engines in the background: {', '.join(wanted)}.")
        ears = [name for name in wanted if name.startswith("whisper-")]
        others = [name for name in wanted if name not in ears]
        await fetch_and_load(registry, conf, ears, say, is_quiet=not is_first)
        # translation works without these, too
        await fetch_and_load(registry, conf, others, say, is_quiet=True)
        await _measure(registry, say)
        is_first = False
        lacking = wanted and wanted_downloads(conf.engines)
        if names := await _demanded(registry, pause if lacking else None):
            await fetch_and_load(registry, conf, names, say)
        else:
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _is_forbidden(conf: Conf) -> bool:
    return hub.is_offline() and conf.engines.models_from is None


async def _demanded(registry: Registry, seconds: float | None) -> tuple[str, ...]:
    """Wait ``seconds`` at most for what the owner asks for; return it, empty if nothing came."""
    if registry.generations is None:
        return ()
    try:
        async with asyncio.timeout(seconds):
            return await registry.generations.demands.get()
    except TimeoutError:
        return ()


async def _measure(registry: Registry, say: Callable[[str], None]) -> None:
    """Measure how fast each transcriber is, once, and only while no session is live."""
    generation = registry.generations.current if registry.generations else None
    transcriber = generation.engines.transcriber if generation else None
    if not isinstance(transcriber, MeasuredTranscriber):
        return
    if registry.sessions or transcriber.measured_speed:
        return
    try:
        speed = await transcriber.measure_speed()
    except EngineError as error:
        logger.warning("the transcriber could not be measured: %s", error)
        return
    if speed is not None:
        say(f"Whisper {speed.told()}")


async def fetch_and_load(
    registry: Registry,
    conf: Conf,
    names: Sequence[str],
    say: Callable[[str], None],
    *,
    is_quiet: bool = False,
) -> None:
    """Download these models, and load a generation with those that could be downloaded.

    ``is_quiet``: clients are told only once a download really makes progress.
    """
    fetched = [await _fetch(registry, conf, name, say, is_quiet=is_quiet) for name in names]
    if any(fetched) and await registry.load():
        await registry.tell_engines()
        say("The better engines are loaded; whoever connects now gets them.")


async def _fetch(
    registry: Registry, conf: Conf, name: str, say: Callable[[str], None], *, is_quiet: bool
) -> bool:
    """Download one model; return whether that succeeded."""
    engines = conf.engines
    teller = _Teller(registry, say, is_quiet=is_quiet)
    problem = ""
    try:
        await download(name, engines.models_dir, teller, models_from=engines.models_from)
    except EngineUnavailableError as error:
        problem = f"{name} could not be fetched: {error}"
        logger.log(logging.INFO if is_quiet else logging.WARNING, "%s", problem)
    finally:
        await teller.end(problem)
    return not problem


class _Teller:
    """A download's Progress: tells the console, all clients, and whoever connects later.

    ``is_quiet``: only once the download really makes progress.
    """

    def __init__(self, registry: Registry, say: Callable[[str], None], *, is_quiet: bool) -> None:
        self._registry = registry
        self._say = say
        self._is_quiet = is_quiet
        self._telling: set[asyncio.Task[None]] = set()
        self._told: tuple[str, int] | None = None

    def __call__(self, step: str, fraction: float | None) -> None:
        if self._is_quiet and fraction is None:
            return
        notice = Notice("loading", {"message": step, "progress": fraction}, is_passing=True)
        self._keep(notice)
        share = -1 if fraction is None else int(fraction * STEPS_TOLD)
        if (step, share) == self._told:
            return
        self._told = (step, share)
        if fraction is not None:
            self._say(f"{step}: {fraction:.0%}")
        task = asyncio.get_running_loop().create_task(self._registry.tell_all(notice))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def end(self, problem: str) -> None:
        """Wait until all messages are sent; then tell their receivers the ``problem``, if any."""
        self._keep(None)
        if self._telling:
            await asyncio.wait(self._telling)
        if problem and self._told is not None:
            self._say(problem)
            fields = {"message": problem, "progress": None, "failed": True}
            await self._registry.tell_all(Notice("loading", fields, is_passing=True))

    def _keep(self, notice: Notice | None) -> None:
        if self._registry.generations is not None:
            self._registry.generations.coming = notice
