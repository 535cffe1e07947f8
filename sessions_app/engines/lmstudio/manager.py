"""LM Studio on this machine: started, kept running, and stopped."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

from sessions_app.engines.lmstudio.api import LmStudioApi, ProbeResult
from sessions_app.engines.lmstudio.monitor import Monitor
from sessions_app.engines.lmstudio.process import LmsProcesses, ProcessLostError, sweep
from sessions_app.engines.lmstudio.states import (
    STOP_SECONDS,
    Condition,
    LmState,
    LmStudioAddress,
    Timing,
)
from sessions_app.engines.lmstudio.wanted_model import WantedModel

logger = logging.getLogger(__name__)

STOP_SERVER_SECONDS = 1.0
"""How long a daemon that was found may take to close the server that was opened in it."""
FIRST_LOOK_SECONDS = 1.0
READY_POLL_SECONDS = 0.1
DEFAULT_PORT = 1234
DOES_NOT_START = (
    "LM Studio does not run, and could not be started. "
    "Run `lms server start` by hand to see why, or choose another translator."
)


def _tell_nobody(_condition: Condition) -> None:
    """Report to nobody."""


class LMStudio:
    """Runs the server at ``address`` with ``executable``, which is ``lms``.

    A server found running is used and left alone: it is neither stopped nor restarted. ``model`` is
    loaded after a start; without one the choice is LM Studio's. ``owner`` marks the processes,
    which one Habla at a time may own. ``on_change`` is called on the event loop with each new
    condition.
    """

    def __init__(
        self,
        executable: str,
        address: LmStudioAddress,
        *,
        owner: str,
        model: str = "",
        on_change: Callable[[Condition], None] = _tell_nobody,
        timing: Timing | None = None,
    ) -> None:
        self._timing = timing or Timing()
        self._executable = executable
        self._owner = owner
        self._port = urlsplit(address.url).port or DEFAULT_PORT
        self._api = LmStudioApi(address.url, address.key)
        self._model = WantedModel(self._api, model)
        self._on_change = on_change
        self._lock = asyncio.Lock()
        self._monitor = Monitor(self._look, self._timing.look)
        self._processes: LmsProcesses | None = None
        self._is_wanted = False
        self._is_swept = False
        self._starts = 0
        self._failures = 0
        self._next_start_at = 0.0
        self._busy_since: float | None = None
        self.condition = Condition(LmState.STOPPED)
        """Its condition when it was last probed."""

    # --- monitoring

    def watch(self) -> None:
        """Start it in the background, and keep it running until ``unwatch``.

        A start that fails leaves nothing behind, and shows in ``condition``.
        """
        self._is_wanted = True
        self._monitor.begin()

    async def unwatch(self) -> bool:
        """Stop monitoring; a start in progress is undone. Return whether that was done in time."""
        return await self._monitor.end()

    async def stop(self) -> bool:
        """Stop what was started here; return whether it is gone. May be called twice.

        A start in progress fails.
        """
        self._is_wanted = False
        self._interrupt()
        try:
            async with asyncio.timeout(STOP_SECONDS), self._lock:
                return await self._stop()
        except TimeoutError:
            logger.warning("LM Studio did not end within %s s", STOP_SECONDS)
            if self._processes is not None:
                self._processes.end()
            return False

    async def aclose(self) -> None:
        """Stop monitoring, stop what was started here, and close all connections."""
        await self.unwatch()
        await self.stop()
        await self.disconnect()

    async def disconnect(self) -> None:
        """Close all connections to it. Whoever ends it step by step does so last."""
        await self._api.aclose()

    def _interrupt(self) -> None:
        """Abort what is in progress: a start, or loading a model into what was started here."""
        is_starting = self.condition.state is LmState.STARTING
        processes = self._processes
        if self._lock.locked() and processes and (is_starting or processes.has_daemon):
            processes.end()

    # --- with the lock held

    async def _look(self) -> None:
        async with self._lock:
            if not self._is_wanted:
                return
            await self._sweep_once()
            found = await self._api.probe(self._timing.probe)
            is_lost = self._processes is not None and not self._processes.is_alive
            if found is ProbeResult.DOWN or is_lost or self._is_hung(found):
                await self._start_again()
            else:
                self._failures, self._next_start_at = 0, 0.0
                self._note_answer(found)

    async def _start_again(self) -> None:
        if time.monotonic() < self._next_start_at:
            self._note(LmState.DOWN, DOES_NOT_START)
            return
        if self._starts:
            logger.warning("LM Studio is down, and is started again")
        await self._stop(LmState.STARTING)
        # what hung was ended just now, and what was found may have come back
        found = await self._api.probe(min(FIRST_LOOK_SECONDS, self._timing.probe))
        if found is not ProbeResult.DOWN:
            self._note_answer(found)
        elif not await self._is_launched():
            return
        await self._model.load()

    async def _is_launched(self) -> bool:
        """Start it within its time limit; return whether it runs. A failure leaves nothing."""
        self._starts += 1
        is_started = False
        try:
            async with asyncio.timeout(self._timing.start):
                await self._launch()
            is_started = True
        except (OSError, ProcessLostError) as error:  # a TimeoutError is an OSError
            logger.info("LM Studio did not start: %r", error)
        finally:
            await self._note_start(is_started=is_started)
        return is_started

    async def _launch(self) -> None:
        await self._end_processes()
        self._processes = processes = LmsProcesses(self._executable, self._owner)
        await processes.start()
        seconds = self._timing.start
        await processes.run("daemon", "up", seconds=seconds)  # refused if the app itself runs
        code = await processes.run("server", "start", "--port", str(self._port), seconds=seconds)
        if code != 0 and await self._api.probe(FIRST_LOOK_SECONDS) is ProbeResult.DOWN:
            raise ProcessLostError(f"lms server start: {code}")
        while await self._api.probe(FIRST_LOOK_SECONDS) is not ProbeResult.WELL:
            if not processes.is_alive:
                raise ProcessLostError
            await asyncio.sleep(READY_POLL_SECONDS)

    async def _sweep_once(self) -> None:
        """End what an earlier Habla left that was killed together with its supervisor."""
        if not self._is_swept:
            self._is_swept = await sweep(self._owner)

    async def _note_start(self, *, is_started: bool) -> None:
        # until a probe has succeeded: one that dies at once is not restarted at once
        wait = min(self._timing.backoff * 2**self._failures, self._timing.longest_backoff)
        self._failures += 1
        self._next_start_at = time.monotonic() + wait
        if is_started:
            self._note(LmState.RUNNING)
            return
        await self._end_processes()
        self._note(LmState.DOWN, DOES_NOT_START)

    async def _stop(self, state: LmState = LmState.STOPPED) -> bool:
        processes = self._processes
        if processes is None or not processes.has_daemon:
            await self._model.unload()  # a daemon that was found goes on without them
        if processes is not None and processes.is_alive and not processes.has_daemon:
            # the daemon was found, and only the server in it was opened from here
            with suppress(ProcessLostError):
                await processes.run("server", "stop", seconds=STOP_SERVER_SECONDS)
        is_gone = await self._end_processes()
        self._note(state)
        return is_gone

    async def _end_processes(self) -> bool:
        processes = self._processes
        if processes is None:
            return True
        processes.end()
        is_gone = await processes.wait()
        self._processes = None
        self._model.mark_unloaded()
        if not is_gone:
            logger.error("processes of LM Studio are left behind")
        return is_gone

    def _is_hung(self, found: ProbeResult) -> bool:
        if found is not ProbeResult.BUSY:
            self._busy_since = None
            return False
        now = time.monotonic()
        self._busy_since = now if self._busy_since is None else self._busy_since
        return self._processes is not None and now - self._busy_since > self._timing.patience

    def _note_answer(self, found: ProbeResult) -> None:
        self._note(LmState.BUSY if found is ProbeResult.BUSY else LmState.RUNNING)

    def _note(self, state: LmState, message: str = "") -> None:
        condition = Condition(state, message, self._processes is not None)
        if condition != self.condition:
            self.condition = condition
            logger.info("LM Studio is %s%s", state, ", started here" if condition.is_ours else "")
            self._on_change(condition)
