"""The newest work is done, and what it replaces is cancelled at once."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from sessions_app.core.errors import EngineError
from sessions_app.pipeline.latest_only import LatestOnly, Work
from tests.house import eventually


class Job:
    """Work that goes on until it is told to finish, and records how it ended."""

    def __init__(self, *, error: EngineError | None = None) -> None:
        self.begun = asyncio.Event()
        self.goes_on = asyncio.Event()
        self.end = ""
        self._error = error

    async def __call__(self) -> None:
        self.begun.set()
        try:
            await self.goes_on.wait()
        except asyncio.CancelledError:
            self.end = "cancelled"
            raise
        if self._error is not None:
            raise self._error
        self.end = "done"


@pytest.fixture
async def latest() -> AsyncIterator[LatestOnly]:
    latest = LatestOnly("test", seconds=60)
    task = asyncio.create_task(latest.run())
    yield latest
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()


async def finish(latest: LatestOnly, job: Job) -> None:
    latest.ask(job)
    await job.begun.wait()
    job.goes_on.set()
    await eventually(lambda: job.end == "done")


async def test_a_newer_work_cancels_the_one_that_is_being_done(latest: LatestOnly) -> None:
    first, second = Job(), Job()
    latest.ask(first)
    await first.begun.wait()
    await finish(latest, second)
    assert first.end == "cancelled"


async def test_of_those_that_wait_only_the_newest_is_done(latest: LatestOnly) -> None:
    passed_over, last = Job(), Job()
    latest.ask(passed_over)
    await finish(latest, last)
    assert not passed_over.begun.is_set()


async def test_what_is_dropped_is_cancelled_and_the_next_is_done(latest: LatestOnly) -> None:
    job = Job()
    latest.ask(job)
    await job.begun.wait()
    latest.drop()
    latest.drop()
    await eventually(lambda: job.end == "cancelled")
    latest.ask(Job())
    latest.drop()
    await finish(latest, Job())


async def test_what_fails_is_said_once_in_the_log(
    latest: LatestOnly, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        job = Job(error=EngineError("It choked."))
        job.goes_on.set()
        latest.ask(job)
        await job.begun.wait()
    await finish(latest, Job())
    warnings = [record.getMessage() for record in caplog.records if record.levelno > logging.DEBUG]
    assert warnings == ["no test: It choked."]


async def test_what_takes_too_long_is_given_up() -> None:
    latest = LatestOnly("test", seconds=0.01)
    task = asyncio.create_task(latest.run())
    job: Job = Job()
    work: Work = job
    latest.ask(work)
    await eventually(lambda: job.end == "cancelled")
    task.cancel()
    await asyncio.wait({task})


async def test_what_somebody_waits_for_has_no_limit_any_more() -> None:
    latest = LatestOnly("test", seconds=0.1)
    done = asyncio.Event()

    async def work() -> None:
        latest.insist()
        await asyncio.sleep(0.3)
        done.set()

    worker = asyncio.create_task(latest.run())
    latest.ask(work)
    async with asyncio.timeout(5):
        await done.wait()
    worker.cancel()
    await asyncio.wait({worker})
