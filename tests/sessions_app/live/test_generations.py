"""Generations: `reload_engines` makes the next one, sessions keep theirs, and none stays loaded."""

import asyncio
from collections.abc import Callable

import pytest

from sessions_app.core.errors import EngineError, EngineUnavailableError
from sessions_app.core.events import EngineInfo
from sessions_app.engines.base import Progress
from sessions_app.engines.decoding.pool import DecoderPool
from sessions_app.engines.fake import FakeDetector, FakeTranscriber, FakeTranslator
from sessions_app.engines.loading import Engines
from sessions_app.live.generations import UNEXPLAINED, Generations
from sessions_app.pipeline.idioms.matching import builtin
from sessions_app.pipeline.languages import LANGUAGES
from tests.house import eventually


class Closing(FakeTranslator):
    """A transcriber that records whether it was closed."""

    is_closed = False

    async def aclose(self) -> None:
        self.is_closed = True
        await super().aclose()


class Workshop:
    """Loads engines when it is told to."""

    def __init__(self, *, is_open: bool = True) -> None:
        self.made: list[Closing] = []
        self.problem: Exception | None = None
        self.door = asyncio.Event()
        self.progress: Progress | None = None
        if is_open:
            self.door.set()

    async def load(self, progress: Progress) -> Engines:
        self.progress = progress
        await self.door.wait()
        if self.problem is not None:
            raise self.problem
        self.made.append(Closing())
        infos = {"translator": EngineInfo("closing")}
        return Engines(FakeTranscriber(), self.made[-1], FakeDetector(), infos)


async def silent(what: str, progress: float | None) -> None:
    """Tell nobody."""


def is_closed(workshop: Workshop, number: int) -> Callable[[], bool]:
    return lambda: workshop.made[number - 1].is_closed


async def test_the_newest_generation_is_leased() -> None:
    generations = Generations(Workshop().load)
    await generations.renew()
    first = await generations.lease(silent)
    await generations.renew()
    second = await generations.lease(silent)
    assert (first.number, second.number) == (1, 2)
    generations.release(first)
    generations.release(second)
    await generations.aclose()


@pytest.mark.slow
async def test_idioms_are_loaded_before_anybody_speaks() -> None:
    builtin.cache_clear()
    generations = Generations(Workshop().load)
    await generations.renew()
    assert builtin.cache_info().currsize == len(LANGUAGES)
    await generations.aclose()


async def test_the_old_one_is_unloaded_when_its_last_session_leaves() -> None:
    workshop = Workshop()
    generations = Generations(workshop.load)
    await generations.renew()
    leases = [await generations.lease(silent) for _ in range(2)]
    await generations.renew()
    generations.release(leases[0])
    await asyncio.sleep(0)
    assert not workshop.made[0].is_closed
    generations.release(leases[1])
    await eventually(is_closed(workshop, 1))
    assert not workshop.made[1].is_closed
    await generations.aclose()
    assert workshop.made[1].is_closed


async def test_one_that_nobody_holds_is_unloaded_at_once() -> None:
    workshop = Workshop()
    generations = Generations(workshop.load)
    await generations.renew()
    await generations.renew()
    await eventually(is_closed(workshop, 1))
    await generations.aclose()


@pytest.mark.parametrize("error", [EngineUnavailableError("No key."), EngineError("No key.")])
async def test_one_that_fails_to_load_leaves_the_old_one(error: EngineError) -> None:
    workshop = Workshop()
    generations = Generations(workshop.load)
    await generations.renew()
    workshop.problem = error
    with pytest.raises(EngineUnavailableError, match=r"No key\."):
        await generations.renew()
    assert (await generations.lease(silent)).number == 1
    assert generations.problem == "No key."
    workshop.problem = None
    await generations.renew()
    assert generations.problem == ""
    await generations.aclose()


async def test_a_failure_that_is_not_explained_is_told_all_the_same() -> None:
    workshop = Workshop()
    workshop.problem = OSError("/secret")
    generations = Generations(workshop.load)
    with pytest.raises(OSError, match="/secret"):
        await generations.renew()
    with pytest.raises(EngineUnavailableError) as refusal:
        await generations.lease(silent)
    assert str(refusal.value) == generations.problem == UNEXPLAINED


async def test_who_comes_before_the_first_waits_for_it_and_is_told_how_far_it_is() -> None:
    workshop = Workshop(is_open=False)
    generations = Generations(workshop.load)
    told: list[tuple[str, float | None]] = []

    async def tell(what: str, progress: float | None) -> None:
        told.append((what, progress))

    waiting = asyncio.create_task(generations.lease(tell))
    loading = asyncio.create_task(generations.renew())
    await eventually(lambda: workshop.progress is not None)
    assert workshop.progress is not None
    await asyncio.to_thread(workshop.progress, "reading", 0.251)
    await eventually(lambda: ("reading", 0.25) in told)
    workshop.door.set()
    assert (await waiting) is (await loading)
    generations.release(await waiting)
    await generations.aclose()


async def test_who_waits_is_told_when_it_fails() -> None:
    workshop = Workshop(is_open=False)
    workshop.problem = EngineUnavailableError("No key.")
    generations = Generations(workshop.load)
    waiting = asyncio.create_task(generations.lease(silent))
    loading = asyncio.create_task(generations.renew())
    await asyncio.sleep(0)
    workshop.door.set()
    for task in (waiting, loading):
        with pytest.raises(EngineUnavailableError, match=r"No key\."):
            await task


async def test_what_is_loaded_after_the_end_is_closed_again() -> None:
    workshop = Workshop(is_open=False)
    generations = Generations(workshop.load)
    loading = asyncio.create_task(generations.renew())
    await eventually(lambda: workshop.progress is not None)
    await generations.aclose()
    workshop.door.set()
    with pytest.raises(EngineUnavailableError):
        await loading
    assert [engine.is_closed for engine in workshop.made] == [True]
    assert generations.current is None


async def test_closing_twice_is_fine() -> None:
    generations = Generations(Workshop().load)
    await generations.renew()
    await generations.aclose()
    await generations.aclose()
    assert generations.current is None


async def test_the_end_unloads_also_what_a_session_still_holds() -> None:
    workshop = Workshop()
    generations = Generations(workshop.load)
    await generations.renew()
    held = await generations.lease(silent)
    await generations.renew()
    assert await generations.aclose()
    assert [engine.is_closed for engine in workshop.made] == [True, True]
    generations.release(held)
    assert await generations.aclose()


async def test_a_part_that_fails_to_end_leaves_no_other_and_is_reported() -> None:
    class BrokenPool(DecoderPool):
        async def aclose(self) -> None:
            raise RuntimeError("a bug")

    workshop = Workshop()
    generations = Generations(workshop.load)
    current = await generations.renew()
    current.decoders = BrokenPool(lambda: 1)
    assert not await generations.aclose()
    assert is_closed(workshop, 1)()
