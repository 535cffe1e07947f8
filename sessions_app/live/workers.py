"""A session's workers: supervised while it lives, cancelled within a time limit at its end."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

logger = logging.getLogger(__name__)


class Workers:
    """Tasks that run until they are cancelled.

    ``on_early_end`` is called if one ends before that, in whatever way: nobody does its work any
    more, and a drain would wait in vain. This is not a TaskGroup, which would wait for ever for an
    engine that does not react to cancellation.
    """

    def __init__(self, owner: str, on_early_end: Callable[[], None]) -> None:
        self._owner = owner
        self._on_early_end = on_early_end
        self._workers: list[asyncio.Task[None]] = []

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Start ``work`` in a task of this name."""
        worker = asyncio.create_task(work, name=f"habla {name} {self._owner}")
        worker.add_done_callback(self._note_early_end)
        self._workers.append(worker)

    async def cancel(self, seconds: float) -> bool:
        """Cancel all and wait for them up to ``seconds``; return whether all have ended."""
        for worker in self._workers:
            worker.remove_done_callback(self._note_early_end)
            worker.cancel()
        ended, unresponsive = await asyncio.wait(self._workers, timeout=seconds)
        for worker in ended:
            if not worker.cancelled() and (error := worker.exception()) is not None:
                logger.error("%s failed", worker.get_name(), exc_info=error)
        for worker in unresponsive:
            logger.error("%s did not react to cancellation and is abandoned", worker.get_name())
        return not unresponsive

    def _note_early_end(self, worker: "asyncio.Task[None]") -> None:
        logger.error("session %s: %s ended unexpectedly", self._owner, worker.get_name())
        self._on_early_end()
