"""One transcriber shared by many sessions: fair, finals first, the newest partial wins."""

import asyncio
import functools
import itertools
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from sessions_app.core import counters
from sessions_app.core.audio import count_samples, to_seconds
from sessions_app.core.errors import EngineError
from sessions_app.core.events import Transcript
from sessions_app.engines.base import Transcriber
from sessions_app.engines.scheduler_queue import WorkQueue
from sessions_app.engines.scheduler_work import Call, Choose, DroppedError, Stopwatch, Work

logger = logging.getLogger(__name__)

CLOSE_SECONDS = 5.0
"""How long ``aclose`` waits for the calls that it cancelled."""
PATIENCE_SECONDS = 30.0
"""How long an engine may take for a piece of sound, however short ..."""
PATIENCE_FACTOR = 8.0
"""... plus this many times its length. Anything slower is useless."""

T = TypeVar("T")


class Scheduler:
    """Shares one transcriber, which it does not own, among the seats of many sessions.

    It never makes more calls at once than the transcriber's ``parallel``. When a caller stops
    waiting, its work leaves the queue. A call that is already in the engine holds its slot until it
    ends, or until the engine is free if the transcriber is interruptible.

    Late work, which makes up for what was cut off, has the slots that nobody else needs: it begins
    while a slot is left for each seat that is busy or at which somebody speaks. If all are needed
    while it goes on, an interruptible engine drops it, and it is done again later.
    """

    def __init__(self, transcriber: Transcriber) -> None:
        self.transcriber = transcriber
        self._turns: WorkQueue[Work[object]] = WorkQueue()
        self._running: dict[int, tuple[asyncio.Task[object], Work[object]]] = {}
        self._speaking: set[int] = set()
        self._seats = itertools.count(1)
        self._is_closed = False
        self.done_at = time.monotonic()  # when the transcriber last finished anything

    @property
    def backlog(self) -> int:
        """Return how many finals are waiting."""
        return self._turns.finals

    def has_room(self, seat: int) -> bool:
        """Return whether speculative work for ``seat`` would delay nobody.

        That is so as long as a slot is left for each other seat that is busy or about to be.
        """
        is_idle = not self._turns.finals and len(self._in_use - {seat}) < self.transcriber.parallel
        return is_idle and self.transcriber.is_interruptible

    @property
    def is_in_use(self) -> bool:
        """Whether somebody speaks, or waits for words; late work does not count."""
        return self._turns.is_awaited or bool(self._in_use)

    @property
    def _in_use(self) -> set[int]:
        """The seats that are busy, or at which somebody speaks."""
        running = {work.seat for _, work in self._running.values() if not work.is_late}
        return running | self._speaking

    def note_speech(self, seat: int, *, is_speaking: bool) -> None:
        """Note whether somebody speaks at ``seat``, and will want a final."""
        if not is_speaking:
            self._speaking.discard(seat)
            self._dispatch()
        elif seat not in self._speaking:
            self._speaking.add(seat)
            if self._late_slots() < 0:
                self._displace_late()

    def seat(self, *, is_late: bool = False) -> "Seat":
        """Return a place in the queue; ``close`` it when the session ends.

        ``is_late``: its work gives way to that of all others.
        """
        return Seat(next(self._seats), self, is_late=is_late)

    async def perform(self, work: Work[T]) -> T:
        """Wait for the turn of ``work``, and return its result.

        Raises:
            EngineError: the engine failed, the work was dropped, or the scheduler is closed.
        """
        if self._is_closed:
            raise EngineError("The transcriber is closed.")
        self._enqueue(work)
        self._dispatch()
        try:
            return await work.outcome
        except asyncio.CancelledError:
            if work.is_ahead or work.is_late:
                self._interrupt(work)
            raise
        finally:
            self._turns.withdraw(work.seat, work)

    def drop(self, seat: int, *, partials_only: bool = False) -> None:
        """Fail the work of ``seat`` that is waiting or running."""
        running = [work for _, work in self._running.values() if work.seat == seat]
        for work in [*running, *self._turns.of(seat)]:
            if not (partials_only and work.is_final):
                self._turns.withdraw(seat, work)
                self._cancel(work)

    def insist(self, seat: int) -> None:
        """Turn the speculative work of ``seat`` into finals."""
        self._turns.promote(seat)
        for _, work in self._running.values():
            if work.seat == seat:
                work.is_ahead = False

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
            _, stuck = await asyncio.wait({task for task, _ in running}, timeout=CLOSE_SECONDS)
            if stuck:
                logger.warning("%d calls did not stop within %s s", len(stuck), CLOSE_SECONDS)

    def _enqueue(self, work: Work[object]) -> None:
        if work.is_late:
            self._turns.add_late(work.seat, work)
            return
        if work.is_ahead:
            self._turns.add_ahead(work.seat, work)
        elif work.is_final:
            self._turns.add_final(work.seat, work)
        elif (overtaken := self._turns.put_partial(work.seat, work)) is not None:
            overtaken.fail(DroppedError("A newer hypothesis came first."))
        if self._free_slot() is None and not self._displace_late() and work.is_final:
            self._make_way()

    def _make_way(self) -> None:
        """Let a final take the slot of speculative work."""
        ahead = (work for _, work in self._running.values() if work.is_ahead)
        if (work := next(ahead, None)) is not None:
            work.is_ahead = False  # so that a second final does not take its slot too
            self._cancel(work)

    def _late_slots(self) -> int:
        """Return how many slots late work may take now; below 0: so many have to be left."""
        late = sum(work.is_late for _, work in self._running.values())
        return self.transcriber.parallel - len(self._in_use) - late

    def _displace_late(self) -> bool:
        """Take one slot from late work; return whether one is left for that."""
        late = (w for _, w in self._running.values() if w.is_late and not w.gives_way)
        if not self.transcriber.is_interruptible or (work := next(late, None)) is None:
            return False
        work.gives_way = True
        self._interrupt(work)
        return True

    def _cancel(self, work: Work[object]) -> None:
        work.fail(DroppedError("Nobody waits for these words any more."))
        self._interrupt(work)

    def _interrupt(self, work: Work[Any]) -> None:
        """Cancel the engine's call, if it returns only when the engine is free."""
        for task, running in self._running.values():
            if running is work and self.transcriber.is_interruptible:
                task.cancel()

    def _dispatch(self) -> None:
        while (slot := self._free_slot()) is not None:
            busy = {work.seat for _, work in self._running.values() if not work.is_final}
            work = self._turns.take(busy)
            if work is None and self._late_slots() > 0:
                work = self._turns.take_late()
            if work is None:
                return
            if not work.outcome.done():
                self._start(slot, work)

    def _free_slot(self) -> int | None:
        return next(
            (s for s in range(1, self.transcriber.parallel + 1) if s not in self._running), None
        )

    def _start(self, slot: int, work: Work[object]) -> None:
        counters.QUEUE.labels(work.kind).observe(time.monotonic() - work.came_at)
        task = asyncio.create_task(work.run(), name=f"habla scheduler {slot}")
        self._running[slot] = (task, work)
        task.add_done_callback(functools.partial(self._note_end, slot, work))

    def _note_end(self, slot: int, work: Work[object], task: "asyncio.Task[object]") -> None:
        del self._running[slot]
        is_done = not task.cancelled() and task.exception() is None
        if work.gives_way and not is_done and not work.outcome.done():
            work.gives_way = False
            self._turns.put_back(work.seat, work)
        else:
            work.pass_on(task)
        if not work.is_late:  # which nobody waits for
            self.done_at = time.monotonic()
        self._dispatch()


class Seat:
    """One session's place in the queue for the transcriber."""

    def __init__(self, number: int, scheduler: Scheduler, *, is_late: bool = False) -> None:
        self._number = number
        self._scheduler = scheduler
        self._is_late = is_late
        self.at_work = Stopwatch()  # runs while the engine works on finals
        self._finals = 0  # are asked for, and have not come to an end
        self._done_at = time.monotonic()
        self._is_closed = False

    async def final(
        self, pcm: bytes, language: str | None, *, is_ahead: bool = False
    ) -> Transcript:
        """Return the words of a finished utterance; its partials are dropped.

        ``is_ahead``: it is speculative, since the utterance may not be finished; it drops nothing,
        and gives way to finals until ``insist``.

        Raises:
            EngineError: the engine failed, or the seat was closed.
            DroppedError: it gave way.
        """
        if not is_ahead:
            self.overtake()
        call = functools.partial(self._transcribe, pcm, language, final=True)
        return await self._as_final(call, is_ahead)

    async def partial(
        self, pcm: Callable[[], bytes], language: str | Choose | None
    ) -> Transcript | None:
        """Return a quick hypothesis; None if a newer one of this seat came first.

        ``pcm`` is called only when its turn has come, for the newest sound there is then; so is
        ``language`` if it must be found.

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

    async def language_probabilities(
        self, pcm: bytes, *, is_ahead: bool = False
    ) -> Mapping[str, float] | None:
        """Return how likely ``pcm`` is ``es`` and ``en``; None if the engine cannot tell.

        Raises:
            EngineError: the engine failed, or the seat was closed.
        """
        transcriber = self._scheduler.transcriber
        if not transcriber.can_tell_languages:
            return None

        async def call() -> Mapping[str, float] | None:
            return await _bounded(transcriber.language_probabilities(pcm), pcm)

        return await self._as_final(call, is_ahead)

    @property
    def has_room(self) -> bool:
        """Whether speculative work would delay nobody."""
        return not self._is_closed and self._scheduler.has_room(self._number)

    @property
    def done_at(self) -> float:
        """When it last got on, on the monotonic clock.

        While it waits for words, whatever the transcriber finishes for anybody counts: its turn
        comes nearer.
        """
        return self._scheduler.done_at if self._finals else self._done_at

    def note_speech(self, *, is_speaking: bool) -> None:
        """Note whether somebody speaks in this session."""
        if not self._is_closed:
            self._scheduler.note_speech(self._number, is_speaking=is_speaking)

    def insist(self) -> None:
        """Turn the speculative work into finals."""
        self._scheduler.insist(self._number)

    def overtake(self) -> None:
        """Drop the partial that is waiting or running."""
        self._scheduler.drop(self._number, partials_only=True)

    def close(self) -> None:
        """Drop all work of this seat. May be called twice."""
        self._is_closed = True
        self._scheduler.note_speech(self._number, is_speaking=False)
        self._scheduler.drop(self._number)

    async def _as_final(self, call: Call[T], is_ahead: bool) -> T:
        if self._is_closed:
            raise DroppedError("The session has ended.")
        work = Work(
            self._number,
            self.at_work.timed(call),
            is_final=True,
            is_ahead=is_ahead,
            is_late=self._is_late,
        )
        self._finals += 1
        try:
            return await self._scheduler.perform(work)
        finally:
            self._finals -= 1
            self._done_at = time.monotonic()

    async def _chosen(self, choose: Choose, pcm: bytes) -> str | None:
        return choose(await _bounded(self._scheduler.transcriber.guess_language(pcm), pcm))

    async def _transcribe(self, pcm: bytes, language: str | None, *, final: bool) -> Transcript:
        transcriber = self._scheduler.transcriber
        return await _bounded(transcriber.transcribe(pcm, language=language, final=final), pcm)


async def _bounded(answer: Coroutine[Any, Any, T], pcm: bytes) -> T:
    patience = PATIENCE_SECONDS + PATIENCE_FACTOR * to_seconds(count_samples(pcm))
    try:
        async with asyncio.timeout(patience):
            return await answer
    except TimeoutError as error:
        raise EngineError("The transcriber did not answer in time.") from error
