"""At the very end every task gets its time, and one that does not end is told."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from sessions_app.server.exit import TASKS_SECONDS, cancel_background, cancel_tasks

STEPS = 3


async def sign_off(steps: list[int]) -> None:
    """Run until cancelled, and then need a few turns, before each of which the loop is held up."""
    try:
        await asyncio.Event().wait()
    finally:
        for step in range(STEPS):
            asyncio.get_running_loop().call_later(0.01, time.sleep, TASKS_SECONDS / 2)
            await asyncio.sleep(0.02)
            steps.append(step)


async def test_a_process_that_is_held_up_gives_its_tasks_their_time() -> None:
    steps: list[int] = []
    task = asyncio.create_task(sign_off(steps))
    await asyncio.sleep(0)
    assert await cancel_tasks()
    assert (task.cancelled(), steps) == (True, [*range(STEPS)])


async def test_background_work_has_ended_before_anything_is_closed() -> None:
    steps: list[int] = []
    task = asyncio.create_task(sign_off(steps))
    await asyncio.sleep(0)
    await cancel_background({task})
    assert (task.cancelled(), steps) == (True, [*range(STEPS)])


async def test_a_task_that_does_not_end_is_told(caplog: pytest.LogCaptureFixture) -> None:
    is_over = asyncio.Event()

    async def be_deaf() -> None:
        while not is_over.is_set():
            try:
                await is_over.wait()
            except asyncio.CancelledError:
                continue

    task = asyncio.create_task(be_deaf(), name="habla deaf")
    await asyncio.sleep(0)
    began_at = time.monotonic()
    assert not await cancel_tasks()
    assert time.monotonic() - began_at >= TASKS_SECONDS
    assert [r.getMessage() for r in caplog.records] == [
        "these did not react to cancellation: habla deaf"
    ]
    is_over.set()
    await task


async def test_generators_that_nobody_finished_are_closed() -> None:
    closed: list[str] = []

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            closed.append("numbers")

    left = numbers()
    assert await anext(left) == 1
    assert await cancel_tasks()
    assert closed == ["numbers"]
