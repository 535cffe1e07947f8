"""A session's workers: watched while it lives, and let go within a limit at its end."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

logger = logging.getLogger(__name__)


class Workers:
    """Tasks that run until they are let go.

    ``missed`` is called when one ends before that, in whatever way: nobody does its work any more,
    and a drain would wait for it in vain. It is no TaskGroup, which would wait for ever for an
    engine that is deaf to cancellation.
    """

    def __init__(self, owner: str, missed: Callable[[], None]) -> None:
        self._owner = owner
        self._missed = missed
        self._workers: list[asyncio.Task[None]] = []

    def hire(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Begin ``work`` in a task of this name."""
        worker = asyncio.create_task(work, name=f"habla {name} {self._owner}")
        worker.add_done_callback(self._miss)
        self._workers.append(worker)

    async def let_go(self, seconds: float) -> bool:
        """Cancel all and wait for them up to ``seconds``; return whether all have ended."""
        for worker in self._workers:
            worker.remove_done_callback(self._miss)
            worker.cancel()
        ended, deaf = await asyncio.wait(self._workers, timeout=seconds)
        for worker in ended:
            if not worker.cancelled() and (error := worker.exception()) is not None:
                logger.error("%s broke", worker.get_name(), exc_info=error)
        for worker in deaf:
            logger.error("%s is deaf and left behind", worker.get_name())
        return not deaf

    def _miss(self, worker: "asyncio.Task[None]") -> None:
        logger.error("session %s: %s ended unasked", self._owner, worker.get_name())
        self._missed()
