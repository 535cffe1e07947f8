"""LM Studio is started, kept running and stopped, and no process is left, whatever it does."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from sessions_app.engines.lmstudio.manager import LMStudio
from sessions_app.engines.lmstudio.states import Condition, LmState, LmStudioAddress, Timing
from tests.engines.lmstudio import FakeLms
from tests.house import eventually

pytestmark = pytest.mark.slow

QUICK = Timing(look=0.05, probe=0.3, start=10.0, backoff=0.1)
HASTY = Timing(look=0.05, probe=0.3, start=1.0, backoff=0.1)


@pytest.fixture
def lms(tmp_path: Path, free_port: int) -> Iterator[FakeLms]:
    fake = FakeLms(tmp_path, free_port)
    yield fake
    left = fake.processes()
    fake.kill()
    assert left == []


def studio_of(lms: FakeLms, timing: Timing = QUICK, **options: Any) -> LMStudio:
    return LMStudio(
        lms.executable, LmStudioAddress(lms.url), owner=lms.owner, timing=timing, **options
    )


@pytest.fixture
async def studio(lms: FakeLms) -> AsyncIterator[LMStudio]:
    studio = studio_of(lms)
    yield studio
    await studio.aclose()


async def started(studio: LMStudio) -> None:
    """Have it kept running, and wait until it runs."""
    studio.watch()
    await eventually(lambda: studio.condition.state is LmState.RUNNING)


async def not_started(studio: LMStudio) -> None:
    """Have it kept running, and wait until that has failed."""
    studio.watch()
    await eventually(lambda: studio.condition.state is LmState.DOWN)
    assert "lms server start" in studio.condition.message


def found(lms: FakeLms, *, has_server: bool) -> None:
    """Start it as its user would, as no child of Habla."""
    orders = [["daemon", "up"]]
    port = lms.url.removesuffix("/v1").rpartition(":")[2]
    orders += [["server", "start", "--port", port]] if has_server else []
    for order in orders:
        subprocess.run([lms.executable, *order], check=True, timeout=10)


# --- starting and stopping


async def test_it_answers_once_it_is_started_and_nothing_is_left_once_it_is_stopped(
    lms: FakeLms, studio: LMStudio
) -> None:
    await started(studio)
    assert studio.condition == Condition(LmState.RUNNING, is_ours=True)
    assert len(lms.processes()) == 4  # the supervisor, the daemon, two workers
    assert await studio.stop()
    assert lms.processes() == []
    assert studio.condition == Condition(LmState.STOPPED)


async def test_starting_twice_starts_once_and_stopping_twice_is_fine(
    lms: FakeLms, studio: LMStudio
) -> None:
    assert await studio.stop()
    await asyncio.gather(started(studio), started(studio))
    await started(studio)
    assert len(lms.lines("starts")) == 1
    assert all(await asyncio.gather(studio.stop(), studio.stop()))


async def test_one_that_takes_its_time_is_waited_for(lms: FakeLms, studio: LMStudio) -> None:
    lms.plan(late=1.0)
    await started(studio)


async def test_one_that_ignores_sigterm_is_killed(lms: FakeLms, studio: LMStudio) -> None:
    lms.plan(stubborn=True)
    await started(studio)
    assert await studio.stop()
    assert lms.processes() == []


@pytest.mark.parametrize(
    "way", ["never", "start_crashes", "start_hangs", "up_hangs", "daemon_dies", "daemon_crashes"]
)
async def test_a_start_that_fails_says_so_and_leaves_nothing(lms: FakeLms, way: str) -> None:
    lms.plan(**{way: True}, stubborn=True)
    studio = studio_of(lms, HASTY)
    if way == "daemon_crashes":
        lms.plan(daemon_crashes=True, start_crashes=True)
    await not_started(studio)
    assert lms.processes() == []
    await studio.aclose()


async def test_an_executable_that_is_not_there_fails_the_start(lms: FakeLms) -> None:
    lms.uninstall()
    studio = studio_of(lms)
    await not_started(studio)
    await studio.aclose()


@pytest.mark.parametrize("way", ["late", "never", "start_hangs", "up_hangs"])
async def test_a_stop_ends_a_start_that_is_at_work(lms: FakeLms, way: str) -> None:
    lms.plan(**{way: 20})
    studio = studio_of(lms, Timing(start=20.0))
    studio.watch()
    await eventually(lambda: len(lms.processes()) >= 4)
    began_at = time.monotonic()
    assert await studio.stop()
    assert time.monotonic() - began_at < 4
    assert lms.processes() == []
    await studio.aclose()


async def test_a_stop_ends_a_model_that_is_being_loaded(lms: FakeLms) -> None:
    lms.plan(load_hangs=True)
    studio = studio_of(lms, model="small")
    studio.watch()
    await eventually(lambda: lms.lines("asked") == ["load small"])
    began_at = time.monotonic()
    assert await studio.stop()
    assert time.monotonic() - began_at < 4
    assert lms.processes() == []
    await studio.aclose()


@pytest.mark.parametrize("cut_seconds", [0, 0.01, 0.03, 0.06, 0.1, 0.2, 0.4])
async def test_a_start_that_is_cut_short_leaves_nothing(lms: FakeLms, cut_seconds: float) -> None:
    studio = studio_of(lms)
    starting = asyncio.create_task(started(studio))
    await asyncio.wait([starting], timeout=cut_seconds)
    assert await studio.unwatch()
    starting.cancel()
    await asyncio.wait([starting])
    await studio.stop()
    assert lms.processes() == []
    await studio.aclose()


# --- what is found is left alone


async def test_one_that_is_found_is_used_and_left_alone(lms: FakeLms, studio: LMStudio) -> None:
    found(lms, has_server=True)
    before = lms.processes()
    await started(studio)
    assert studio.condition == Condition(LmState.RUNNING, is_ours=False)
    assert await studio.stop()
    assert lms.processes() == before
    assert (len(lms.lines("starts")), lms.lines("stops")) == (1, [])
    lms.kill()


async def test_in_a_daemon_that_is_found_only_the_server_is_opened_and_closed(
    lms: FakeLms, studio: LMStudio
) -> None:
    found(lms, has_server=False)
    before = lms.processes()
    await started(studio)
    assert studio.condition == Condition(LmState.RUNNING, is_ours=True)
    assert await studio.stop()
    assert lms.processes() == before
    assert (len(lms.lines("starts")), len(lms.lines("stops"))) == (1, 1)
    lms.kill()


# --- the model


async def test_the_model_that_is_wanted_is_loaded_and_stays_with_what_was_started(
    lms: FakeLms,
) -> None:
    studio = studio_of(lms, model="small")
    await started(studio)
    await eventually(lambda: lms.lines("asked") == ["load small"])
    await studio.aclose()
    assert lms.lines("asked") == ["load small"]  # it ended with the server


async def test_a_model_that_cannot_be_loaded_leaves_the_server_running(lms: FakeLms) -> None:
    studio = studio_of(lms, model="nonsense")
    await started(studio)
    await eventually(lambda: lms.lines("asked") == ["load nonsense"])
    assert studio.condition == Condition(LmState.RUNNING, is_ours=True)
    await studio.aclose()


async def test_into_what_was_found_running_nothing_is_loaded(lms: FakeLms) -> None:
    found(lms, has_server=True)
    studio = studio_of(lms, model="small")
    await started(studio)
    await studio.aclose()
    assert lms.lines("asked") == []
    lms.kill()


async def test_a_model_loaded_into_a_daemon_that_was_found_does_not_stay_in_it(
    lms: FakeLms,
) -> None:
    found(lms, has_server=False)
    studio = studio_of(lms, model="small")
    await started(studio)
    await eventually(lambda: lms.lines("asked") == ["load small"])
    await studio.aclose()
    assert lms.lines("asked") == ["load small", "unload small"]
    lms.kill()
