"""Late work has the slots that nobody needs, gives way at once, and is done again then."""

import asyncio

import pytest

from sessions_app.engines.scheduler import Scheduler
from tests.engines.staged import Interruptible, Stage, ahead, final, outcome, partial
from tests.house import eventually


@pytest.fixture
async def stage() -> Interruptible:
    return Interruptible()


@pytest.mark.parametrize("live", [final, partial, ahead], ids=lambda ask: ask.__name__)
async def test_whatever_a_live_session_asks_for_has_the_engine_at_once(
    scheduler: Scheduler, stage: Interruptible, live: object
) -> None:
    late = final(scheduler.seat(is_late=True), "a")
    await stage.has_begun("a")
    in_use = [scheduler.is_in_use]
    heard = live(scheduler.seat(), "b")  # type: ignore[operator]  # one of three
    asked = "b?" if live is partial else "b"
    await stage.has_begun("a", asked)
    assert [*in_use, scheduler.is_in_use] == [False, True]
    stage.answer(asked)
    await heard
    await stage.has_begun("a", asked, "a")
    stage.answer("a")
    assert await outcome(late) == "a"
    assert stage.most_at_work == 1


async def test_it_waits_until_nothing_else_does(scheduler: Scheduler, stage: Interruptible) -> None:
    live, other = scheduler.seat(), scheduler.seat()
    stage.answer("b", "c?", "d")
    heard = [
        final(live, "a"),
        final(scheduler.seat(is_late=True), "late"),
        final(other, "b"),
        partial(live, "c"),
        ahead(other, "d"),
    ]
    await stage.has_begun("a")
    assert scheduler.backlog == 1
    stage.answer("a", "late")
    await asyncio.gather(*heard)
    assert stage.begun == ["a", "b", "d", "c?", "late"]


async def test_it_begins_only_while_nobody_speaks(
    scheduler: Scheduler, stage: Interruptible
) -> None:
    speaker = scheduler.seat()
    speaker.note_speech(is_speaking=True)
    assert scheduler.is_in_use
    late = final(scheduler.seat(is_late=True), "a")
    await asyncio.sleep(0)
    assert stage.begun == []
    speaker.note_speech(is_speaking=False)
    await stage.has_begun("a")
    speaker.note_speech(is_speaking=True)
    await eventually(lambda: stage.at_work == 0)
    speaker.close()
    await stage.has_begun("a", "a")
    stage.answer("a")
    assert await outcome(late) == "a"


async def test_a_slot_is_left_for_each_who_speaks(stage: Interruptible) -> None:
    stage.parallel = 2
    scheduler = Scheduler(stage)
    speaker, late_seat = scheduler.seat(), scheduler.seat(is_late=True)
    speaker.note_speech(is_speaking=True)
    late = [final(late_seat, words) for words in ("a", "b")]
    await stage.has_begun("a")
    speaker.note_speech(is_speaking=False)
    await stage.has_begun("a", "b")
    scheduler.seat().note_speech(is_speaking=True)
    await eventually(lambda: stage.at_work == 1)
    stage.answer("a", "b")
    assert [await outcome(task) for task in late] == ["a", "b"]
    assert stage.begun == ["a", "b", "a"]
    await scheduler.aclose()


async def test_it_does_not_keep_others_from_working_ahead(
    scheduler: Scheduler, stage: Interruptible
) -> None:
    late = final(scheduler.seat(is_late=True), "a")
    await stage.has_begun("a")
    assert scheduler.seat().has_room
    stage.answer("a")
    assert await outcome(late) == "a"


async def test_an_engine_that_cannot_be_interrupted_finishes_it_first() -> None:
    stage = Stage()
    scheduler = Scheduler(stage)
    late = final(scheduler.seat(is_late=True), "a")
    await stage.has_begun("a")
    heard = final(scheduler.seat(), "b")
    stage.answer("a", "b")
    assert [await outcome(late), await outcome(heard)] == ["a", "b"]
    assert stage.begun == ["a", "b"]


async def test_whoever_stops_waiting_for_it_frees_the_engine(
    scheduler: Scheduler, stage: Interruptible
) -> None:
    late = final(scheduler.seat(is_late=True), "a")
    await stage.has_begun("a")
    late.cancel()
    await asyncio.wait({late})
    stage.answer("b")
    assert await outcome(final(scheduler.seat(), "b")) == "b"
    assert stage.begun == ["a", "b"]


async def test_it_is_no_progress_of_those_who_wait(
    scheduler: Scheduler, stage: Interruptible
) -> None:
    began_at = scheduler.done_at
    stage.answer("a")
    await final(scheduler.seat(is_late=True), "a")
    assert scheduler.done_at == began_at


async def test_it_fails_with_the_engine(scheduler: Scheduler, stage: Interruptible) -> None:
    late = final(scheduler.seat(is_late=True), "a")
    await stage.has_begun("a")
    await scheduler.aclose()
    assert await outcome(late) == "The transcriber is closed."
