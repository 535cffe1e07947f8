"""Probes LM Studio periodically, whatever happens in a single probe."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)

END_SECONDS = 2.5
"""How long a probe in progress may take to end, together with what it was starting."""


class Monitor:
    """Calls ``look`` at once and then every ``seconds``, from ``begin`` to ``end``."""

    def __init__(self, look: Callable[[], Awaitable[None]], seconds: float) -> None:
        self._look = look
        self._seconds = seconds
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Begin, on the running event loop. May be called twice."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="habla lm studio")

    async def end(self) -> bool:
        """Stop; return whether a call in progress ended in time. May be called twice."""
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
            except Exception:  # a call that fails must not be the last one
                logger.exception("a look at LM Studio failed")
            await asyncio.sleep(self._seconds)
