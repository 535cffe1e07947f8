"""Time limits for the steps of a session; a step may also be cut off before its limit."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from time import monotonic
from typing import Any

from sessions_app.live.silence import LATE_SECONDS

logger = logging.getLogger(__name__)

LET_GO_SECONDS = 2.0
"""How long a step that is cut off may take to react to cancellation."""


class StepLimit:
    """Runs one step at a time, each within its limit.

    ``is_to_be_cut`` says whether to cut off the step; ``look`` asks it again.
    """

    def __init__(self, is_to_be_cut: Callable[[], bool]) -> None:
        self._is_to_be_cut = is_to_be_cut
        self._limit: asyncio.Timeout | None = None

    def look(self) -> None:
        """Cut off the running step if ``is_to_be_cut`` says so."""
        # if the limit has expired already, the step is about to end
        if self._limit is not None and not self._limit.expired() and self._is_to_be_cut():
            self._limit.reschedule(0)

    async def within(self, step: Coroutine[Any, Any, Any], seconds: float | None) -> bool:
        """Run ``step``; return whether it finished within ``seconds`` and was not cut off."""
        try:
            async with asyncio.timeout(seconds) as self._limit:
                if self._is_to_be_cut():
                    self._limit.reschedule(0)
                await step
        except TimeoutError:
            return False
        finally:
            self._limit = None
        return True

    async def while_it_moves(
        self,
        name: str,
        step: Coroutine[Any, Any, None],
        seconds: float,
        done_at: Callable[[], float],
    ) -> bool:
        """Run ``step`` as long as it makes progress; return whether it finished.

        It is cut off once ``done_at``, on the monotonic clock, is ``seconds`` ago. If that is
        noticed late, since the process was held up, it is given LATE_SECONDS more.
        """
        task = asyncio.create_task(step, name=name)
        task.add_done_callback(_retrieve)
        left = seconds
        try:
            due_at = monotonic() + left
            while not await self.within(asyncio.wait({task}), left):
                now = monotonic()
                is_late = now - due_at > LATE_SECONDS
                left = LATE_SECONDS if is_late else done_at() + seconds - now
                due_at = now + left
                if left <= 0 or self._is_to_be_cut():
                    return False
            await task
        finally:
            task.cancel()
            if (await asyncio.wait({task}, timeout=LET_GO_SECONDS))[1]:
                logger.error("%s did not react to cancellation and is abandoned", name)
        return True


def _retrieve(task: "asyncio.Task[None]") -> None:
    if not task.cancelled():
        task.exception()  # else asyncio would log that it was never retrieved
