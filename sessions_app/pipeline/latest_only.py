"""A worker for work that is soon out of date: it does the newest, and drops what was before."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from sessions_app.core.errors import EngineError

logger = logging.getLogger(__name__)

Work = Callable[[], Awaitable[None]]


class LatestOnly:
    """Does one piece of work at a time, for ``seconds`` at most; a newer one cancels it at once.

    ``name`` is what the log calls it. Work that fails is dropped: newer work replaces it.
    """

    def __init__(self, name: str, *, seconds: float) -> None:
        self._name = name
        self._seconds = seconds
        self._work: Work | None = None
        self._due = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._running: asyncio.Timeout | None = None
        self._has_warned = False

    def ask(self, work: Work) -> None:
        """Do ``work`` as soon as possible, instead of everything that was asked for before."""
        self.drop()
        self._work = work
        self._due.set()
        self._idle.clear()

    def drop(self) -> None:
        """Drop what was asked for, and cancel what is being done."""
        self._work = None
        running, self._running = self._running, None
        if running is not None and not running.expired():
            running.reschedule(asyncio.get_running_loop().time())

    def insist(self) -> None:
        """Lift the time limit of what is being done: somebody waits for it now."""
        if self._running is not None and not self._running.expired():
            self._running.reschedule(None)

    async def join(self) -> None:
        """Wait until ``run`` has done or dropped everything that was asked for."""
        await self._idle.wait()

    async def run(self) -> None:
        """Work until cancelled. The owner of this object owns the task that runs it."""
        while True:
            await self._due.wait()
            self._due.clear()
            work, self._work = self._work, None
            if work is not None:
                await self._do(work)
            if self._work is None:
                self._idle.set()

    async def _do(self, work: Work) -> None:
        try:
            async with asyncio.timeout(self._seconds) as self._running:
                await work()
        except TimeoutError:
            logger.debug("no %s: overtaken, or too slow", self._name)
        except EngineError as error:
            level = logging.DEBUG if self._has_warned else logging.WARNING
            logger.log(level, "no %s: %s", self._name, error)
            self._has_warned = True
        finally:
            self._running = None
