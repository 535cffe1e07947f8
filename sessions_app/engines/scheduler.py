"""One shared transcriber, many sessions: fair, finals before partials, newest partial wins."""

import asyncio
import functools
import itertools
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sessions_app import measures
from sessions_app.audio import count_samples, to_seconds
from sessions_app.engines.base import LanguageFinder, LanguageGuesser, Transcriber
from sessions_app.engines.turns import Turns
from sessions_app.errors import EngineError
from sessions_app.events import Transcript

logger = logging.getLogger(__name__)

CLOSE_SECONDS = 5.0
"""How long ``aclose`` waits for calls that it cancelled."""
PATIENCE_SECONDS = 30.0
"""How long an engine may take for a piece of sound, however short ..."""
PATIENCE_FACTOR = 8.0
"""... and how many times its length more. Slower than that is of no use to anyone."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Call = Callable[[], Coroutine[Any, Any, T]]
Choose = Callable[[Mapping[str, float] | None], str | None]
"""Makes a language of how likely each one is; None: the engine cannot tell, or is to find it."""


class DroppedError(EngineError):
    """The work is no longer wanted: something newer came, or its session has ended."""


@dataclass(eq=False, slots=True)
class Work(Generic[T_co]):
    """One call that waits for its turn, and the outcome that someone waits for."""

    seat: int
    call: Call[T_co]
    is_final: bool
    came_at: float = field(default_factory=time.monotonic)
    outcome: asyncio.Future[T_co] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def kind(self) -> str:
        """Return what it is counted as."""
        return "final" if self.is_final else "partial"

    def fail(self, error: EngineError) -> None:
        """Give ``error`` to whoever still waits."""
        if not self.outcome.done():
            self.outcome.set_exception(error)

    def settle(self, task: "asyncio.Task[T_co]") -> None:
        """Hand on how the call ended."""
        if task.cancelled():
            # nobody here cancels a call whose waiter still waits: its engine was shut down
            self.fail(EngineError("The transcriber stopped before it had finished."))
        elif (error := task.exception()) is not None:
            self.fail(_fit_to_be_shown(error))
        elif not self.outcome.done():
            self.outcome.set_result(task.result())


class Scheduler:
    """Shares one transcriber, which it does not own, among the seats of many sessions.

    Never makes more calls at once than the transcriber's ``parallel`` (1 if it has none). Whoever
    stops waiting takes the work out of the queue; a call already in the engine goes on to its end,
    because a model that runs in a thread is busy until then, whatever its caller does.
    """

    def __init__(self, transcriber: Transcriber) -> None:
        self.transcriber = transcriber
        self._turns: Turns[Work[object]] = Turns()
        self._running: dict[int, tuple[asyncio.Task[object], Work[object]]] = {}
        self._seats = itertools.count(1)
        self._is_closed = False

    @property
    def backlog(self) -> int:
        """Return how many finals wait."""
        return self._turns.finals

    @property
    def languages(self) -> frozenset[str]:
        """Return the languages that the transcriber knows, of ``es`` and ``en``."""
        return self.transcriber.languages

    def seat(self) -> "Seat":
        """Return a new session's place in the queue; ``close`` it when the session ends."""
        return Seat(next(self._seats), self)

    async def perform(self, work: Work[T]) -> T:
        """Let ``work`` wait its turn, and return what came of it.

        Raises:
            EngineError: the engine failed, the work was dropped, or the scheduler is closed.
        """
        if self._is_closed:
            raise EngineError("The transcriber is closed.")
        self._enqueue(work)
        self._dispatch()
        try:
            return await work.outcome
        finally:
            self._turns.withdraw(work.seat, work)

    def drop(self, seat: int, *, partials_only: bool = False) -> None:
        """Tell those who wait for work of ``seat`` that it will not come."""
        concerned = [work for _, work in self._running.values() if work.seat == seat]
        concerned += self._turns.of(seat)
        for work in concerned:
            if not (partials_only and work.is_final):
                self._turns.withdraw(seat, work)
                work.fail(DroppedError("Nobody waits for these words any more."))

    async def aclose(self) -> None:
        """Fail what waits, cancel what runs and wait for that, within CLOSE_SECONDS.

        The transcriber stays open. May be called twice.
        """
        self._is_closed = True
        running = list(self._running.values())
        for work in [*self._turns.clear(), *(work for _, work in running)]:
            work.fail(EngineError("The transcriber is closed."))
        for task, _ in running:
            task.cancel()
        if running:
            await _wait_briefly({task for task, _ in running})

    def _enqueue(self, work: Work[object]) -> None:
        if work.is_final:
            self._turns.add_final(work.seat, work)
        elif (overtaken := self._turns.put_partial(work.seat, work)) is not None:
            overtaken.fail(DroppedError("A newer hypothesis came first."))

    def _dispatch(self) -> None:
        while (slot := self._free_slot()) is not None:
            work = self._turns.take(self._seats_with_a_partial())
            if work is None:
                return
            if not work.outcome.done():
                self._start(slot, work)

    def _free_slot(self) -> int | None:
        parallel = int(getattr(self.transcriber, "parallel", 1))
        free = (slot for slot in range(1, parallel + 1) if slot not in self._running)
        return next(free, None)

    def _seats_with_a_partial(self) -> set[int]:
        return {work.seat for _, work in self._running.values() if not work.is_final}

    def _start(self, slot: int, work: Work[object]) -> None:
        measures.QUEUE.labels(work.kind).observe(time.monotonic() - work.came_at)
        call = _timed(work.kind, work.call())
        task = asyncio.create_task(call, name=f"habla scheduler {slot}")
        self._running[slot] = (task, work)
        task.add_done_callback(functools.partial(self._settle, slot, work))

    def _settle(self, slot: int, work: Work[object], task: "asyncio.Task[object]") -> None:
        del self._running[slot]
        work.settle(task)
        self._dispatch()


class Seat:
    """One session's place in the queue for the transcriber."""

    def __init__(self, number: int, scheduler: Scheduler) -> None:
        self._number = number
        self._scheduler = scheduler
        self._is_closed = False

    async def final(self, pcm: bytes, language: str | None) -> Transcript:
        """Return the words of a finished utterance; its partials are overtaken.

        Raises:
            EngineError: the engine failed, or the seat was closed.
        """
        self.overtake()
        return await self._as_final(functools.partial(self._transcribe, pcm, language, final=True))

    async def partial(
        self, pcm: Callable[[], bytes], language: str | Choose | None
    ) -> Transcript | None:
        """Return a quick hypothesis; None if something newer of this seat came first.

        ``pcm`` is asked only when the turn has come, for the newest sound that there is then; so is
        ``language`` if it is one that has to be found.

        Raises:
            EngineError: the engine failed.
        """

        async def call() -> Transcript:
            sound = pcm()
            chosen = await self._chosen(language, sound) if callable(language) else language
            return await self._transcribe(sound, chosen, final=False)

        if self._is_closed:
            return None
        try:
            return await self._scheduler.perform(Work(self._number, call, is_final=False))
        except DroppedError:
            return None

    async def language_probabilities(self, pcm: bytes) -> Mapping[str, float] | None:
        """Return how likely ``pcm`` is ``es`` and ``en``; None if the engine cannot tell.

        Raises:
            EngineError: the engine failed, or the seat was closed.
        """
        finder = self._scheduler.transcriber
        if not isinstance(finder, LanguageFinder):
            return None

        async def call() -> Mapping[str, float]:
            return await _bounded(finder.language_probabilities(pcm), pcm)

        return await self._as_final(call)

    def overtake(self) -> None:
        """Let the partial that waits or is in the engine come to nothing."""
        self._scheduler.drop(self._number, partials_only=True)

    def close(self) -> None:
        """Drop all work of this seat. May be called twice."""
        self._is_closed = True
        self._scheduler.drop(self._number)

    async def _as_final(self, call: Call[T]) -> T:
        if self._is_closed:
            raise DroppedError("The session has ended.")
        return await self._scheduler.perform(Work(self._number, call, is_final=True))

    async def _chosen(self, choose: Choose, pcm: bytes) -> str | None:
        finder = self._scheduler.transcriber
        if isinstance(finder, LanguageGuesser):
            return choose(await _bounded(finder.guess_language(pcm), pcm))
        if isinstance(finder, LanguageFinder):
            return choose(await _bounded(finder.language_probabilities(pcm), pcm))
        return choose(None)

    async def _transcribe(self, pcm: bytes, language: str | None, *, final: bool) -> Transcript:
        transcriber = self._scheduler.transcriber
        return await _bounded(transcriber.transcribe(pcm, language=language, final=final), pcm)


def _fit_to_be_shown(error: BaseException) -> EngineError:
    if isinstance(error, EngineError):
        return error
    logger.error("a transcriber raised what is no EngineError", exc_info=error)
    failure = EngineError("The transcriber failed at this piece.")
    failure.__cause__ = error
    return failure


async def _timed(kind: str, call: Coroutine[Any, Any, T]) -> T:
    with measures.ENGINE.labels(kind).time():
        return await call


async def _bounded(answer: Coroutine[Any, Any, T], pcm: bytes) -> T:
    patience = PATIENCE_SECONDS + PATIENCE_FACTOR * to_seconds(count_samples(pcm))
    try:
        async with asyncio.timeout(patience):
            return await answer
    except TimeoutError as error:
        raise EngineError("The transcriber did not answer in time.") from error


async def _wait_briefly(tasks: "set[asyncio.Task[object]]") -> None:
    _, stuck = await asyncio.wait(tasks, timeout=CLOSE_SECONDS)
    if stuck:
        logger.warning("%d transcriptions did not stop within %s s", len(stuck), CLOSE_SECONDS)
