"""LM Studio is monitored: started again when it is down, left alone while it is busy."""

import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from sessions_app.engines.lmstudio.manager import LMStudio
from sessions_app.engines.lmstudio.monitor import Monitor
from sessions_app.engines.lmstudio.states import Condition, LmState, LmStudioAddress, Timing
from tests.engines.lmstudio import FakeLms
from tests.house import eventually

pytestmark = pytest.mark.slow


@pytest.fixture
def lms(tmp_path: Path, free_port: int) -> Iterator[FakeLms]:
    fake = FakeLms(tmp_path, free_port)
    yield fake
    left = fake.processes()
    fake.kill()
    assert left == []


class Watched:
    """LM Studio with its monitor, and the conditions that were reported."""

    def __init__(
        self, lms: FakeLms, *, look: float = 0.05, patience: float = 300.0, backoff: float = 0.3
    ) -> None:
        self.told: list[Condition] = []
        timing = Timing(
            look=look,
            probe=0.3,
            start=10.0,
            patience=patience,
            backoff=backoff,
            longest_backoff=2 * backoff,
        )
        self.studio = LMStudio(
            lms.executable,
            LmStudioAddress(lms.url),
            owner=lms.owner,
            timing=timing,
            on_change=self.told.append,
        )
        self.studio.watch()

    @property
    def states(self) -> list[LmState]:
        return [condition.state for condition in self.told]

    async def becomes(self, state: LmState) -> None:
        await eventually(lambda: self.studio.condition.state is state)


@pytest.fixture
async def watched(lms: FakeLms) -> AsyncIterator[Watched]:
    watched = Watched(lms)
    await watched.becomes(LmState.RUNNING)
    yield watched
    await watched.studio.aclose()


async def test_watching_starts_it_in_the_background_and_tells_how_it_is(watched: Watched) -> None:
    assert watched.states == [LmState.STARTING, LmState.RUNNING]
    assert await watched.studio.unwatch()
    assert await watched.studio.stop()
    assert watched.states[-1] is LmState.STOPPED


async def test_one_that_died_is_started_again(lms: FakeLms, watched: Watched) -> None:
    lms.begin("daemon_dies")
    await watched.becomes(LmState.STARTING)
    lms.end("daemon_dies")
    await watched.becomes(LmState.RUNNING)
    await eventually(lambda: len(lms.processes()) == 4)


async def test_one_whose_supervisor_was_killed_is_swept_up_and_started_again(
    lms: FakeLms, watched: Watched
) -> None:
    before = lms.processes()
    os.kill(min(before), signal.SIGKILL)
    await eventually(lambda: len(lms.lines("starts")) == 2)
    await watched.becomes(LmState.RUNNING)
    assert not set(before) & set(lms.processes())


async def test_its_supervisor_ends_for_nobody_but_its_owner(lms: FakeLms, watched: Watched) -> None:
    before = lms.processes()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(min(before), number)
    for is_busy in (True, False):  # it is looked at, again and again
        (lms.begin if is_busy else lms.end)("busy")
        await watched.becomes(LmState.BUSY if is_busy else LmState.RUNNING)
    assert watched.studio.condition == Condition(LmState.RUNNING, is_ours=True)
    assert lms.processes() == before


async def test_a_busy_one_is_not_a_dead_one(lms: FakeLms, watched: Watched) -> None:
    before = lms.processes()
    lms.begin("busy")
    await watched.becomes(LmState.BUSY)
    lms.end("busy")
    await watched.becomes(LmState.RUNNING)
    assert lms.processes() == before


async def test_one_that_is_busy_beyond_all_patience_is_started_again(lms: FakeLms) -> None:
    watched = Watched(lms, patience=0.5)
    await watched.becomes(LmState.RUNNING)
    lms.begin("busy")
    await eventually(lambda: LmState.BUSY in watched.states and watched.states[-1] != "busy")
    lms.end("busy")
    await watched.becomes(LmState.RUNNING)
    assert len(lms.lines("starts")) == 2
    await watched.studio.aclose()


async def test_one_that_cannot_be_started_is_told_and_tried_again_after_a_while(
    lms: FakeLms,
) -> None:
    lms.plan(start_crashes=True)
    watched = Watched(lms)
    await watched.becomes(LmState.DOWN)
    assert "lms server start" in watched.studio.condition.message
    assert lms.processes() == []
    await eventually(lambda: len(lms.lines("starts")) == 3)
    lms.plan()
    await watched.becomes(LmState.RUNNING)
    await watched.studio.aclose()


async def test_one_that_dies_as_soon_as_it_runs_is_not_started_at_once(lms: FakeLms) -> None:
    watched = Watched(lms, backoff=60.0, look=1.5)
    await watched.becomes(LmState.RUNNING)
    lms.begin("daemon_dies")
    await watched.becomes(LmState.DOWN)
    assert len(lms.lines("starts")) == 1
    await watched.studio.aclose()


async def test_a_stopped_one_stays_stopped_while_it_is_watched(
    lms: FakeLms, watched: Watched
) -> None:
    await watched.studio.stop()
    await watched.studio.unwatch()
    watched.studio.watch()
    await watched.becomes(LmState.RUNNING)
    await watched.studio.stop()
    assert watched.studio.condition.state is LmState.STOPPED
    assert len(lms.lines("starts")) == 2


async def test_the_end_of_watching_undoes_a_start_that_is_at_work(lms: FakeLms) -> None:
    lms.plan(never=True, stubborn=True)
    watched = Watched(lms)
    await eventually(lambda: len(lms.lines("starts")) == 1)
    assert await watched.studio.unwatch()
    assert lms.processes() == []
    await watched.studio.aclose()


async def test_a_look_that_fails_is_not_the_last(caplog: pytest.LogCaptureFixture) -> None:
    looks: list[int] = []

    async def look() -> None:
        looks.append(1)
        raise KeyError("nonsense")

    monitor = Monitor(look, 0.01)
    monitor.begin()
    await eventually(lambda: len(looks) > 3)
    assert await monitor.end()
    assert await monitor.end()
    assert "a look at LM Studio failed" in caplog.text
