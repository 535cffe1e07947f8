"""One model for many sessions: who waits for whom."""

import asyncio
from collections.abc import Mapping

import pytest

from sessions_app.core.events import Transcript
from sessions_app.engines.scheduler import Scheduler
from tests.engines.staged import Linguist, Stage, final, outcome, partial


@pytest.fixture
async def stage() -> Stage:
    return Stage()


async def test_a_final_comes_back_with_its_words(scheduler: Scheduler, stage: Stage) -> None:
    heard = final(scheduler.seat(), "hola")
    await stage.has_begun("hola")
    stage.answer("hola")
    assert await heard == Transcript("hola", "es")


async def test_sessions_take_turns(scheduler: Scheduler, stage: Stage) -> None:
    one, two = scheduler.seat(), scheduler.seat()
    stage.answer("a1", "a2", "a3", "b1")
    heard = [final(one, "a1"), final(one, "a2"), final(one, "a3"), final(two, "b1")]
    await asyncio.gather(*heard)
    assert stage.begun == ["a1", "a2", "b1", "a3"]
    assert stage.most_at_work == 1


async def test_finals_go_before_partials(scheduler: Scheduler, stage: Stage) -> None:
    one, two, three = scheduler.seat(), scheduler.seat(), scheduler.seat()
    stage.answer("b?", "c")
    tasks = [final(one, "a"), partial(two, "b"), final(three, "c")]
    await stage.has_begun("a")
    assert scheduler.backlog == 1
    stage.answer("a")
    await asyncio.gather(*tasks)
    assert stage.begun == ["a", "c", "b?"]
    assert scheduler.backlog == 0


async def test_the_newest_partial_wins_and_one_at_most_is_in_the_engine(stage: Stage) -> None:
    stage.parallel = 3
    seat = Scheduler(stage).seat()
    first, second, third = (partial(seat, words) for words in ("a", "b", "c"))
    assert await second is None
    await stage.has_begun("a?")
    stage.answer("a?")
    assert await first == Transcript("a", "es")
    stage.answer("c?")
    assert await third == Transcript("c", "es")
    assert stage.begun == ["a?", "c?"]


async def test_a_partial_takes_the_sound_that_is_there_when_its_turn_comes(
    scheduler: Scheduler, stage: Stage
) -> None:
    sound = ["early"]
    before = final(scheduler.seat(), "before")
    hypothesis = asyncio.create_task(scheduler.seat().partial(lambda: sound[-1].encode(), "es"))
    await stage.has_begun("before")
    sound.append("late")
    stage.answer("before", "late?")
    await before
    assert await hypothesis == Transcript("late", "es")


async def test_a_final_overtakes_the_partial_of_its_seat_even_in_the_engine(
    scheduler: Scheduler, stage: Stage
) -> None:
    seat = scheduler.seat()
    hypothesis = partial(seat, "ho")
    await stage.has_begun("ho?")
    heard = final(seat, "hola")
    assert await hypothesis is None
    stage.answer("ho?", "hola")
    assert await outcome(heard) == "hola"


async def test_never_more_calls_at_once_than_the_engine_can_take(stage: Stage) -> None:
    stage.parallel = 2
    scheduler = Scheduler(stage)
    words = [str(number) for number in range(10)]
    heard = [final(scheduler.seat(), word) for word in words]
    await stage.has_begun("0", "1")
    stage.answer(*words)
    assert [await outcome(task) for task in heard] == words
    assert stage.most_at_work == 2


async def test_a_slow_call_does_not_hold_up_the_other_line(stage: Stage) -> None:
    stage.parallel = 2
    scheduler = Scheduler(stage)
    slow = final(scheduler.seat(), "slow")
    stage.answer("a", "b", "c")
    quick = [final(scheduler.seat(), words) for words in ("a", "b", "c")]
    assert [await outcome(task) for task in quick] == ["a", "b", "c"]
    stage.answer("slow")
    assert await outcome(slow) == "slow"


async def test_who_stops_waiting_takes_the_work_along(scheduler: Scheduler, stage: Stage) -> None:
    before, left, after = (final(scheduler.seat(), words) for words in ("a", "b", "c"))
    await stage.has_begun("a")
    left.cancel()
    stage.answer("a", "c")
    assert [await outcome(before), await outcome(after)] == ["a", "c"]
    assert left.cancelled()
    assert stage.begun == ["a", "c"]


async def test_a_call_in_the_engine_holds_its_line_to_the_end_though_nobody_waits(
    scheduler: Scheduler, stage: Stage
) -> None:
    left = final(scheduler.seat(), "a")
    await stage.has_begun("a")
    left.cancel()
    after = final(scheduler.seat(), "b")
    await asyncio.wait({left})
    assert (stage.begun, scheduler.backlog) == (["a"], 1)
    stage.answer("a", "b")
    assert await outcome(after) == "b"


async def test_languages_are_told_apart_with_the_priority_of_a_final() -> None:
    stage = Linguist()
    scheduler = Scheduler(stage)
    stage.answer("b?", "c!")
    before, later = final(scheduler.seat(), "a"), partial(scheduler.seat(), "b")
    found = asyncio.create_task(scheduler.seat().language_probabilities(b"c"))
    await stage.has_begun("a")
    stage.answer("a")
    assert await found == {"es": 0.75, "en": 0.25}
    await asyncio.gather(before, later)
    assert stage.begun == ["a", "c!", "b?"]


async def test_an_engine_that_cannot_tell_languages_apart_says_none(scheduler: Scheduler) -> None:
    assert await scheduler.seat().language_probabilities(b"hola") is None


async def test_a_partial_may_have_its_language_found_in_the_sound_that_it_takes() -> None:
    stage = Linguist()
    scheduler = Scheduler(stage)
    told: list[object] = []

    def choose(found: Mapping[str, float] | None) -> str:
        told.append(found)
        return "en"

    stage.answer("a!", "a?")
    assert await scheduler.seat().partial(lambda: b"a", choose) == Transcript("a", "en")
    assert told == [{"es": 0.75, "en": 0.25}]
    assert stage.begun == ["a!", "a?"]


async def test_an_engine_that_cannot_tell_languages_apart_leaves_that_to_who_asks(
    scheduler: Scheduler, stage: Stage
) -> None:
    stage.answer("a?")
    heard = await scheduler.seat().partial(lambda: b"a", lambda found: "en" if not found else "es")
    assert heard == Transcript("a", "en")
