"""Keeps LM Studio running while this process serves, where it is the chosen translator."""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessions_app.config.data_directory import directory_id
from sessions_app.config.variables import Conf
from sessions_app.core.events import Notice
from sessions_app.engines.choices import AUTO
from sessions_app.engines.keys import without_foreign_key
from sessions_app.engines.lmstudio import monitor as lmstudio_monitor
from sessions_app.engines.lmstudio.states import (
    STOP_SECONDS,
    Condition,
    LmState,
    LmStudioAddress,
    Timing,
)
from sessions_app.engines.loading import EngineSettings
from sessions_app.engines.server_profiles import PROFILES, is_on_this_machine, profile_of
from sessions_app.live.registry import Registry
from sessions_app.server.exit import is_step_done

if TYPE_CHECKING:
    from sessions_app.engines.lmstudio.manager import LMStudio

logger = logging.getLogger(__name__)

CLIENT_SECONDS = 0.5
"""How long closing the connections to it may take."""
LMSTUDIO_SECONDS = lmstudio_monitor.END_SECONDS + STOP_SECONDS + CLIENT_SECONDS
"""How long it may take to stop LM Studio, where it is managed."""
PROFILE = "lm-studio"
USUAL_PLACE = Path(".lmstudio", "bin", "lms")
"""Where ``lms`` usually is, below the home directory."""
OFF = "off"
STARTED = "LM Studio is being started."
STARTED_AGAIN = "LM Studio is being started again."


class LmStudioService:
    """Manages LM Studio, if it is wanted and can be started here, and reports its state."""

    def __init__(self, registry: Registry, timing: Timing | None = None) -> None:
        self._registry = registry
        self._timing = timing
        self._lmstudio: LMStudio | None = None
        self._telling: set[asyncio.Task[None]] = set()
        self._has_run = False

    @property
    def seconds(self) -> float:
        """Return how long it may take to stop; 0: it is not managed."""
        return LMSTUDIO_SECONDS if self._lmstudio is not None else 0.0

    def begin(self, conf: Conf) -> None:
        """Begin to start and monitor it, on the running loop. Never raises."""
        options, executable = wanted_options(conf.engines), find_executable(conf.lms_executable)
        if options is None:
            return
        if executable is None:
            logger.info("LM Studio is the translator, but lms was not found: it is not managed")
            return
        from sessions_app.engines.lmstudio.manager import LMStudio  # noqa: PLC0415 -- few need its 10 MB

        self._lmstudio = LMStudio(
            executable,
            LmStudioAddress(options.get("url") or PROFILES[PROFILE].url, options.get("key", "")),
            owner=directory_id(conf.run_dir),
            model=options.get("model", ""),
            on_change=self._tell,
            timing=self._timing,
        )
        self._lmstudio.watch()

    async def end(self) -> AsyncIterator[tuple[str, bool]]:
        """Stop the monitor, then what was started here; yield each step and whether it was done."""
        if self._lmstudio is None:
            return
        monitor, studio, client = "LM Studio's monitor", "LM Studio", "LM Studio's client"
        yield monitor, await is_step_done(monitor, self._lmstudio.unwatch())
        yield studio, await is_step_done(studio, self._lmstudio.stop())
        yield client, await is_step_done(client, self._disconnect(self._lmstudio))

    async def _disconnect(self, lmstudio: "LMStudio") -> None:
        async with asyncio.timeout(CLIENT_SECONDS):
            await lmstudio.disconnect()

    def _tell(self, condition: Condition) -> None:
        is_up = condition.state in (LmState.RUNNING, LmState.BUSY)
        self._note_trouble(condition, is_up=is_up)
        message = condition.message
        if condition.state is LmState.STARTING:
            message = STARTED_AGAIN if self._has_run else STARTED
        self._has_run = self._has_run or is_up
        notice = Notice("lm_studio", {"state": condition.state, "message": message})
        task = asyncio.get_running_loop().create_task(self._registry.tell_all(notice))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    def _note_trouble(self, condition: Condition, *, is_up: bool) -> None:
        if condition.state is LmState.DOWN:
            self._registry.note_trouble("LM Studio", condition.message)
        elif is_up:
            self._registry.note_trouble("LM Studio", "")


def wanted_options(engines: EngineSettings) -> Mapping[str, Any] | None:
    """Return the options of the language model if that is LM Studio on this machine."""
    choice = engines.translator
    if choice.backend not in ("llm", AUTO) or (choice.backend == AUTO and engines.llm is None):
        return None
    options = without_foreign_key(engines.llm, choice.options)
    url, profile = options.get("url", ""), options.get("profile", "")
    if url and not is_on_this_machine(url):
        return None
    is_it = profile == PROFILE or (url and not profile and profile_of(url).name == PROFILE)
    return options if is_it else None


def find_executable(configured: str) -> str | None:
    """Return the path of ``lms``; None: it was not found, or ``configured`` is off."""
    if configured:
        return None if configured.lower() == OFF else configured
    usual = Path.home() / USUAL_PLACE
    return shutil.which("lms") or (str(usual) if usual.is_file() else None)
