"""One model for many sessions: failures, and sessions that leave."""

import asyncio
from collections.abc import Callable

import pytest

from sessions_app.core.errors import EngineError
from sessions_app.engines import scheduler as scheduling
from sessions_app.engines.scheduler import Scheduler
from tests.engines.staged import Stage, final, outcome, partial


@pytest.fixture
async def stage() -> Stage:
    return Stage()


async def test_an_engines_failure_is_told_to_its_own_waiter_only(
    scheduler: Scheduler, stage: Stage
) -> None:
    broken, bug, sound = (final(scheduler.seat(), words) for words in ("a", "b", "c"))
    stage.answer("a", error=EngineError("The model choked."))
    stage.answer("b", error=ValueError("a bug"))
    stage.answer("c")
    assert await outcome(broken) == "The model choked."
    assert await outcome(bug) == "The transcriber failed at this piece."
    assert await outcome(sound) == "c"


async def test_a_call_cancelled_by_a_stranger_is_a_failure_of_the_engine(
    scheduler: Scheduler, stage: Stage
) -> None:
    cut, after = final(scheduler.seat(), "a"), final(scheduler.seat(), "b")
    await stage.has_begun("a")
    stage.vanish("a")
    stage.answer("b")
    assert await outcome(cut) == "The transcriber stopped before it had finished."
    assert await outcome(after) == "b"


async def test_an_engine_that_never_answers_is_given_up(
    scheduler: Scheduler, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduling, "PATIENCE_SECONDS", 0.01)
    stage.answer("b")
    hung, after = final(scheduler.seat(), "a"), final(scheduler.seat(), "b")
    assert await outcome(hung) == "The transcriber did not answer in time."
    assert await outcome(after) == "b"


async def test_closing_a_seat_drops_its_work_and_no_one_elses(
    scheduler: Scheduler, stage: Stage
) -> None:
    leaving, staying = scheduler.seat(), scheduler.seat()
    mine = [final(leaving, "a"), final(leaving, "b")]
    hypothesis, theirs = partial(leaving, "c"), final(staying, "d")
    await stage.has_begun("a")
    leaving.close()
    leaving.close()
    assert [await outcome(task) for task in mine] == ["Nobody waits for these words any more."] * 2
    assert await hypothesis is None
    stage.answer("a", "d")
    assert await outcome(theirs) == "d"
    assert stage.begun == ["a", "d"]


async def test_a_closed_seat_takes_no_work(scheduler: Scheduler) -> None:
    seat = scheduler.seat()
    seat.close()
    assert await outcome(final(seat, "a")) == "The session has ended."
    assert await partial(seat, "a") is None


async def test_closing_the_scheduler_fails_what_waits_and_ends_what_runs(stage: Stage) -> None:
    scheduler = Scheduler(stage)
    seat = scheduler.seat()
    heard = [final(seat, "a"), final(seat, "b")]
    hypothesis = partial(scheduler.seat(), "c")
    await stage.has_begun("a")
    await scheduler.aclose()
    await scheduler.aclose()
    assert stage.at_work == 0
    assert [await outcome(task) for task in heard] == ["The transcriber is closed."] * 2
    with pytest.raises(EngineError, match="closed"):
        await hypothesis
    assert await outcome(final(seat, "d")) == "The transcriber is closed."


async def test_closing_does_not_wait_for_ever_for_an_engine_that_will_not_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Stubborn(Stage):
        async def _perform(self, name: str) -> None:
            try:
                await super()._perform(name)
            except asyncio.CancelledError:
                await self._answer("let go")

    monkeypatch.setattr(scheduling, "CLOSE_SECONDS", 0.01)
    stage = Stubborn()
    scheduler = Scheduler(stage)
    heard = final(scheduler.seat(), "a")
    await stage.has_begun("a")
    await scheduler.aclose()
    assert await outcome(heard) == "The transcriber is closed."
    monkeypatch.undo()
    stage.answer("let go")
    await scheduler.aclose()


@pytest.mark.parametrize("ending", [Scheduler.aclose, None])
async def test_calls_run_in_named_tasks_that_the_scheduler_owns(
    stage: Stage, ending: Callable[[Scheduler], object] | None
) -> None:
    scheduler = Scheduler(stage)
    heard = final(scheduler.seat(), "a")
    await stage.has_begun("a")
    assert [t.get_name() for t in asyncio.all_tasks() if "habla" in t.get_name()] == [
        "habla scheduler 1"
    ]
    if ending is None:
        stage.answer("a")
    else:
        await scheduler.aclose()
    await asyncio.wait({heard})
    assert [t.get_name() for t in asyncio.all_tasks() if "habla" in t.get_name()] == []
    assert heard.exception() is None or ending is not None
