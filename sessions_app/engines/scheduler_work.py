"""A call of the transcriber that waits for its turn, and the outcome that a caller waits for."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sessions_app.core import counters
from sessions_app.core.errors import EngineError

logger = logging.getLogger(__name__)

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Call = Callable[[], Coroutine[Any, Any, T]]
Choose = Callable[[Mapping[str, float] | None], str | None]
"""Chooses a language by the probabilities; None: the engine cannot tell, or finds it itself."""


class DroppedError(EngineError):
    """The work is no longer wanted: something newer came, or its session has ended."""


class Stopwatch:
    """Measures for how long something was at work, where several things may be at once."""

    def __init__(self) -> None:
        self._running = 0
        self._since = 0.0
        self._before = 0.0

    @property
    def seconds(self) -> float:
        """Return the total time up to now."""
        return self._before + (time.monotonic() - self._since if self._running else 0.0)

    def timed(self, call: Call[T]) -> Call[T]:
        """Return ``call``, which is measured while it runs."""

        async def counted() -> T:
            self._begin()
            try:
                return await call()
            finally:
                self._end()

        return counted

    def _begin(self) -> None:
        self._running += 1
        if self._running == 1:
            self._since = time.monotonic()

    def _end(self) -> None:
        self._running -= 1
        if not self._running:
            self._before += time.monotonic() - self._since


@dataclass(eq=False, slots=True)
class Work(Generic[T_co]):
    """One call, and its outcome."""

    seat: int
    call: Call[T_co]
    is_final: bool
    is_ahead: bool = False
    """Whether it is speculative: it gives way to finals, until it becomes one."""
    is_late: bool = False
    """Whether nobody waits for it now: it gives way to all other work, and is done again then."""
    gives_way: bool = False
    """Whether its call was cancelled in favour of other work."""
    came_at: float = field(default_factory=time.monotonic)
    outcome: asyncio.Future[T_co] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def kind(self) -> str:
        """Return the label under which it is counted."""
        if self.is_late:
            return "late"
        return "final" if self.is_final else "partial"

    def fail(self, error: EngineError) -> None:
        """Fail with ``error``, if anybody is still waiting."""
        if not self.outcome.done():
            self.outcome.set_exception(error)

    def pass_on(self, task: "asyncio.Task[T_co]") -> None:
        """Pass on how the call ended."""
        if task.cancelled():
            # no call is cancelled here while its caller waits: the engine was shut down
            self.fail(EngineError("The transcriber stopped before it had finished."))
        elif (error := task.exception()) is not None:
            self.fail(_fit_to_be_shown(error))
        elif not self.outcome.done():
            self.outcome.set_result(task.result())

    async def run(self) -> T_co:
        """Make the call, and measure it."""
        with counters.ENGINE.labels(self.kind).time():
            return await self.call()


def _fit_to_be_shown(error: BaseException) -> EngineError:
    if isinstance(error, EngineError):
        return error
    logger.error("a transcriber raised what is no EngineError", exc_info=error)
    failure = EngineError("The transcriber failed at this piece.")
    failure.__cause__ = error
    return failure
