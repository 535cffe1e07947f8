"""Speculative calls of the transcriber delay nobody, and are dropped without a trace."""

import asyncio

import pytest

from sessions_app.core.events import Transcript
from sessions_app.engines.scheduler import Scheduler
from tests.engines.staged import Interruptible, Stage, ahead, final, outcome, partial
from tests.house import eventually

DROPPED = "Nobody waits for these words any more."


@pytest.fixture
async def stage() -> Interruptible:
    return Interruptible()


async def test_a_final_of_another_session_has_the_line_at_once(
    scheduler: Scheduler, stage: Interruptible
) -> None:
    early = ahead(scheduler.seat(), "a")
    await stage.has_begun("a")
    heard = final(scheduler.seat(), "b")
    await stage.has_begun("a", "b")
    assert await outcome(early) == DROPPED
    stage.answer("b")
    assert await outcome(heard) == "b"
    assert stage.most_at_work == 1


async def test_two_finals_end_two_only_where_no_line_is_free(stage: Interruptible) -> None:
    stage.parallel = 3
    scheduler = Scheduler(stage)
    early = [ahead(scheduler.seat(), words) for words in ("a", "b")]
    await stage.has_begun("a", "b")
    stage.answer("c", "d")
    in_time = [final(scheduler.seat(), words) for words in ("c", "d")]
    assert [await outcome(task) for task in in_time] == ["c", "d"]
    assert await outcome(early[0]) == DROPPED
    stage.answer("b")
    assert await outcome(early[1]) == "b"


async def test_what_has_become_due_is_a_final_and_makes_no_way(
    scheduler: Scheduler, stage: Interruptible
) -> None:
    seat = scheduler.seat()
    early = ahead(seat, "a")
    await stage.has_begun("a")
    seat.insist()
    later = final(scheduler.seat(), "b")
    await eventually(lambda: scheduler.backlog == 1)
    stage.answer("a", "b")
    assert [await outcome(early), await outcome(later)] == ["a", "b"]


async def test_what_waits_ahead_of_time_lets_finals_pass_until_it_is_due(
    scheduler: Scheduler, stage: Interruptible
) -> None:
    first, second = scheduler.seat(), scheduler.seat()
    tasks = [final(scheduler.seat(), "a"), ahead(first, "early"), ahead(second, "due")]
    await stage.has_begun("a")
    second.insist()
    tasks.append(final(scheduler.seat(), "b"))
    stage.answer("b", "early", "due", "a")
    assert [await outcome(task) for task in tasks] == ["a", "early", "due", "b"]
    assert stage.begun == ["a", "due", "b", "early"]


async def test_who_gives_up_what_is_in_the_engine_gives_the_line_back(
    scheduler: Scheduler, stage: Interruptible
) -> None:
    seat = scheduler.seat()
    early = ahead(seat, "a")
    await stage.has_begun("a")
    early.cancel()
    stage.answer("b?")
    assert await partial(seat, "b") == Transcript("b", "es")


async def test_a_partial_that_is_overtaken_gives_the_line_back(
    scheduler: Scheduler, stage: Interruptible
) -> None:
    seat = scheduler.seat()
    hypothesis = partial(seat, "a")
    await stage.has_begun("a?")
    heard = final(seat, "b")
    assert await hypothesis is None
    stage.answer("b")
    assert await outcome(heard) == "b"


async def test_nothing_overtakes_a_partial_ahead_of_time(
    scheduler: Scheduler, stage: Interruptible
) -> None:
    seat = scheduler.seat()
    hypothesis = partial(seat, "a")
    await stage.has_begun("a?")
    early = ahead(seat, "b")
    stage.answer("a?", "b")
    assert await hypothesis == Transcript("a", "es")
    assert await outcome(early) == "b"


async def test_there_is_room_while_nobody_else_speaks_or_waits(
    scheduler: Scheduler, stage: Interruptible
) -> None:
    seat, other = scheduler.seat(), scheduler.seat()
    room = []
    for is_speaking in (True, False):
        other.note_speech(is_speaking=is_speaking)
        room.append((seat.has_room, other.has_room))
    heard = final(other, "a")
    await stage.has_begun("a")
    room.append((seat.has_room, other.has_room))
    stage.answer("a")
    await heard
    room.append((seat.has_room, other.has_room))
    assert room == [(False, True), (True, True), (False, True), (True, True)]


async def test_who_leaves_in_mid_speech_leaves_room(scheduler: Scheduler) -> None:
    seat, other = scheduler.seat(), scheduler.seat()
    other.note_speech(is_speaking=True)
    other.close()
    other.note_speech(is_speaking=True)
    assert seat.has_room
    assert not other.has_room


async def test_a_line_is_left_for_each_who_speaks(stage: Interruptible) -> None:
    stage.parallel = 2
    scheduler = Scheduler(stage)
    seats = [scheduler.seat() for _ in range(3)]
    seats[1].note_speech(is_speaking=True)
    assert seats[0].has_room
    seats[2].note_speech(is_speaking=True)
    assert not seats[0].has_room


async def test_an_engine_that_cannot_be_interrupted_is_never_asked_ahead_of_time() -> None:
    assert not Scheduler(Stage()).seat().has_room


async def test_work_that_ends_before_it_began_leaves_nothing(
    scheduler: Scheduler, stage: Interruptible
) -> None:
    seat = scheduler.seat()
    early = ahead(seat, "a")
    await asyncio.sleep(0)
    seat.close()
    assert await outcome(early) == DROPPED
    stage.answer("b")
    assert await outcome(final(scheduler.seat(), "b")) == "b"
