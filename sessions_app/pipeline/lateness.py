"""Lag: reported when words come late, and when they no longer do."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice

from sessions_app.core.audio import to_seconds
from sessions_app.core.events import Emit, Lag
from sessions_app.engines.scheduler_work import Stopwatch
from sessions_app.pipeline.utterance import Utterance

TOLD_SECONDS = 3.0
"""How long words may be late before that is reported."""
OVER_SECONDS = 1.0
"""How late words may be when the lag counts as over."""
AGAIN_SECONDS = 5.0
"""How often it is reported while it lasts."""
LOOK_SECONDS = 0.25
"""How often the wait is measured while an utterance waits."""


class LagMonitor:
    """Watches how long the oldest utterance waits for its words, beyond the engine's time for it.

    A slow engine that keeps up is not late: what counts is the time in which nothing is done for
    an utterance because others come first. What a guest brings is in no hurry, and typed text needs
    no transcriber. ``at_work`` runs while the engine works for the session, ``dropped`` returns how
    many samples were dropped so far.
    """

    def __init__(
        self,
        emit: Emit,
        at_work: Stopwatch | None,
        dropped: Callable[[], int],
    ) -> None:
        self._emit = emit
        self._at_work = at_work or Stopwatch()
        self._dropped = dropped
        self._came: dict[int, float] = {}
        """When each waiting utterance came, by its id, the oldest first."""
        self._in_hand: tuple[int, float] | None = None
        """The utterance being transcribed, and how long the engine had worked before it."""
        self._news = asyncio.Event()
        self._is_told = False
        self._told_at = float("-inf")
        self._dropped_told = 0

    @property
    def seconds(self) -> float:
        """Return how long an utterance has waited while nothing was done for it; 0: none waits."""
        now = time.monotonic()
        # the second oldest too: nothing is done for it, however long the engine takes for the first
        waits = {key: now - came for key, came in islice(self._came.items(), 2)}
        if self._in_hand is not None:
            key, worked_before = self._in_hand
            waits[key] = waits.get(key, 0.0) - (self._at_work.seconds - worked_before)
        return max(waits.values(), default=0.0)

    def take(self, utterance: Utterance) -> None:
        """Note that an utterance waits for its words."""
        if not utterance.text and utterance.origin is None:
            self._came[utterance.id] = utterance.ended_at
            self._news.set()

    @contextmanager
    def in_hand(self, utterance: Utterance) -> Iterator[None]:
        """Note that an utterance is being transcribed, until the end of the block."""
        self._in_hand = (utterance.id, self._at_work.seconds)
        try:
            yield
        finally:
            self._in_hand = None
            self._came.pop(utterance.id, None)

    def note_drop(self) -> None:
        """Note that sound was dropped."""
        self._news.set()

    async def run(self) -> None:
        """Watch and report until cancelled. The session owns the task that runs this."""
        while True:
            await self._news.wait()
            await self._look()
            if not (self._came or self._is_told or self._dropped() > self._dropped_told):
                self._news.clear()
                continue
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> None:
        seconds, dropped = self.seconds, self._dropped()
        is_late = seconds >= (OVER_SECONDS if self._is_told else TOLD_SECONDS)
        is_due = time.monotonic() - self._told_at >= AGAIN_SECONDS
        is_news = is_late is not self._is_told
        if is_news or (is_due and (is_late or dropped > self._dropped_told)):
            self._is_told, self._dropped_told = is_late, dropped
            self._told_at = time.monotonic()
            await self._emit(Lag(seconds if is_late else 0.0, to_seconds(dropped)))
