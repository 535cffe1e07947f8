"""Looks after LM Studio again and again, whatever happens at a look."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)

END_SECONDS = 2.5
"""How long a look that is at work may take to end: what it was starting ends with it."""


class Monitor:
    """Calls ``look`` at once and every ``seconds`` from ``begin`` to ``end``."""

    def __init__(self, look: Callable[[], Awaitable[None]], seconds: float) -> None:
        self._look = look
        self._seconds = seconds
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Begin to look, on the running loop. May be called twice."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="habla lm studio")

    async def end(self) -> bool:
        """Look no more; return whether a look at work ended in time. May be called twice."""
        task, self._task = self._task, None
        if task is None:
            return True
        task.cancel()
        await asyncio.wait([task], timeout=END_SECONDS)
        return task.done()

    async def _run(self) -> None:
        while True:
            try:
                await self._look()
            except Exception:  # a look that fails must not be the last one
                logger.exception("a look at LM Studio failed")
            await asyncio.sleep(self._seconds)
