"""One model for many sessions: who waits for whom, and what comes of those who leave."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest

from sessions_app.engines import scheduler as scheduling
from sessions_app.engines.scheduler import Scheduler, Seat
from sessions_app.errors import EngineError
from sessions_app.events import Transcript


class Stage:
    """A transcriber that says what it was given when the test lets it."""

    languages = frozenset({"es", "en"})

    def __init__(self, parallel: int = 1) -> None:
        self.parallel = parallel
        self.begun: list[str] = []
        self.at_work = 0
        self.most_at_work = 0
        self._answers: dict[str, asyncio.Future[Exception | None]] = {}
        self._changed = asyncio.Condition()

    async def load(self) -> None: ...

    async def aclose(self) -> None: ...

    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
        await self._perform(pcm.decode() + ("" if final else "?"))
        return Transcript(pcm.decode(), language or "es")

    async def has_begun(self, *names: str) -> None:
        """Wait until these calls, and no others, have begun, in this order."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.begun) >= len(names))
        assert self.begun == list(names)

    def answer(self, *names: str, error: Exception | None = None) -> None:
        for name in names:
            self._answer(name).set_result(error)

    def vanish(self, name: str) -> None:
        """Do to a call what an executor's shutdown does."""
        self._answer(name).cancel()

    async def _perform(self, name: str) -> None:
        self.at_work += 1
        self.most_at_work = max(self.at_work, self.most_at_work)
        try:
            async with self._changed:
                self.begun.append(name)
                self._changed.notify_all()
            if (error := await self._answer(name)) is not None:
                raise error
        finally:
            self.at_work -= 1

    def _answer(self, name: str) -> "asyncio.Future[Exception | None]":
        return self._answers.setdefault(name, asyncio.get_running_loop().create_future())


class Linguist(Stage):
    async def language_probabilities(self, pcm: bytes) -> Mapping[str, float]:
        await self._perform(pcm.decode() + "!")
        return {"es": 0.75, "en": 0.25}


@pytest.fixture
async def stage() -> Stage:
    return Stage()


@pytest.fixture
async def scheduler(stage: Stage) -> AsyncIterator[Scheduler]:
    scheduler = Scheduler(stage)
    yield scheduler
    await scheduler.aclose()
    assert [task for task in asyncio.all_tasks() if "habla" in task.get_name()] == []


def final(seat: Seat, words: str) -> "asyncio.Task[Transcript]":
    return asyncio.create_task(seat.final(words.encode(), "es"))


def partial(seat: Seat, words: str) -> "asyncio.Task[Transcript | None]":
    return asyncio.create_task(seat.partial(words.encode, "es"))


async def outcome(task: "asyncio.Task[Transcript]") -> str:
    try:
        return (await task).text
    except EngineError as error:
        return str(error)


async def test_a_final_comes_back_with_its_words(scheduler: Scheduler, stage: Stage) -> None:
    heard = final(scheduler.seat(), "hola")
    await stage.has_begun("hola")
    stage.answer("hola")
    assert await heard == Transcript("hola", "es")
    assert scheduler.languages == {"es", "en"}


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
