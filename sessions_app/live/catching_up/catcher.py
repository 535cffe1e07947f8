"""Catches up on ended sessions, one utterance after the other, whenever nobody else needs it.

What is due stands in rows, and so does who works on it: any process that has the sound and engines
goes on where another one was ended.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from time import monotonic
from uuid import UUID

from sessions_app.bus import notify
from sessions_app.core.errors import EngineError, EngineUnavailableError, StoreError
from sessions_app.live.catching_up.late_session import CatchUp, LateOutcome
from sessions_app.live.generations import Generation
from sessions_app.live.registry import Registry
from sessions_app.store import catch_up
from sessions_app.store.catch_up import Claim

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
"""How often to look for what is due, if no hint comes before."""
TURN_SECONDS = 0.1
"""How often to look whether the live sessions are quiet."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 30.0, 1_800.0
"""Pause before a session is tried again that an engine failed at; four times as long each time."""


MOST_FAILURES = 3
"""After how many failures in a row an engine is not asked again before the pause."""


class Catcher:
    """Catches up on the ended sessions whose sound this process has."""

    def __init__(
        self,
        registry: Registry,
        caught_up: Callable[[], object] = lambda: None,
        *,
        only: frozenset[UUID] | None = None,
    ) -> None:
        self._registry = registry
        self._caught_up = caught_up
        """Called after each utterance."""
        self._only = only
        """The sessions that are caught up on; None: all."""
        self._pauses: dict[UUID, tuple[float, float]] = {}
        """By the session: until when it is left alone, and how long the pause was."""
        self._generation = 0

    async def run(self) -> None:
        """Look for what is due and do it, until cancelled."""
        with notify.row_changes() as news:
            while True:
                news.clear()
                with suppress(StoreError):  # that the database is unavailable is reported elsewhere
                    await self.work_off()
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await news.wait()

    async def work_off(self) -> int:
        """Do what is due now, until nothing is or an engine fails; return how many sessions wait.

        Raises:
            StoreError: the database does not answer.
        """
        can_work = self._can_work()
        due = await self._due()
        self._pauses = {key: self._pauses[key] for key, _ in due if key in self._pauses}
        waiting = [(key, is_wanted) for key, is_wanted in due if is_wanted or self._is_time(key)]
        if not waiting or not can_work:
            return len(due)
        async with self._engines() as generation:
            for key, is_wanted in waiting:
                if is_wanted:
                    self._pauses.pop(key, None)
                await self._catch_up(key, generation)
                if generation.is_retired or not self._can_work():
                    break
        return len(await self._due())

    async def _due(self) -> list[tuple[UUID, bool]]:
        registry = self._registry
        due = await catch_up.due_sessions(registry.boot, registry.sound_directory)
        return [one for one in due if self._only is None or one[0] in self._only]

    def _can_work(self) -> bool:
        """Return whether there are engines that produce words, and the process does not end."""
        generations = self._registry.generations
        current = generations.current if generations else None
        if current is None or self._registry.is_draining or current.trouble:
            return False
        if current.number != self._generation:  # other engines may do what those could not
            self._generation = current.number
            self._pauses.clear()
        return True

    def _is_time(self, session_id: UUID) -> bool:
        return monotonic() >= self._pauses.get(session_id, (0.0, 0.0))[0]

    @asynccontextmanager
    async def _engines(self) -> AsyncIterator[Generation]:
        generations = self._registry.generations
        if generations is None:
            raise EngineUnavailableError("No server runs in this process.")
        generation = await generations.lease(_tell_nobody)
        try:
            yield generation
        finally:
            generations.release(generation)

    async def _catch_up(self, session_id: UUID, generation: Generation) -> None:
        claimed = Claim(session_id, self._registry.boot)
        session = await catch_up.claim_session(claimed)
        if session is None:
            return
        work = CatchUp(claimed, session, generation, self._registry.sound_directory, self._turn)
        outcomes: list[LateOutcome] = []
        try:
            async with aclosing(work.run()) as steps:
                async for outcome in steps:
                    outcomes.append(outcome)
                    self._caught_up()
                    is_broken = outcomes[-MOST_FAILURES:] == [LateOutcome.FAILED] * MOST_FAILURES
                    if generation.is_retired or is_broken or not self._can_work():
                        break
        except StoreError:
            raise
        except (EngineError, OSError) as error:
            logger.warning("session %s could not be caught up on: %s", session_id, error)
            outcomes.append(LateOutcome.FAILED)
        except Exception:  # whatever it is, the other sessions are caught up on
            logger.exception("session %s could not be caught up on", session_id)
            outcomes.append(LateOutcome.FAILED)
        finally:
            catch_up.release_soon(claimed)
        self._note(session_id, outcomes)

    def _note(self, session_id: UUID, outcomes: list[LateOutcome]) -> None:
        if done := outcomes.count(LateOutcome.DONE):
            logger.info("session %s: caught up on %d utterances", session_id, done)
        if LateOutcome.FAILED in outcomes:
            _, last = self._pauses.get(session_id, (0.0, 0.0))
            pause = min(max(FIRST_PAUSE_SECONDS, 4 * last), LONGEST_PAUSE_SECONDS)
            self._pauses[session_id] = (monotonic() + pause, pause)

    async def _turn(self, generation: Generation) -> None:
        """Wait until no live session speaks, or waits for anything."""
        scheduler = generation.scheduler
        while (scheduler is not None and scheduler.is_in_use) or self._registry.is_at_work:  # noqa: ASYNC110 -- what is quiet tells nobody
            await asyncio.sleep(TURN_SECONDS)


async def _tell_nobody(_: str, __: float | None) -> None:
    """Tell nobody that engines are loading: nobody waits."""
