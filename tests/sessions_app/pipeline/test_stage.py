"""A stage: order is kept, failures are reported, and the inbox is bounded."""

import asyncio

import pytest

from sessions_app.pipeline.stage import Stage


class Workshop:
    """A stage whose work records what it did, and fails at negative numbers."""

    def __init__(self, size: int = 10) -> None:
        self.done: list[int] = []
        self.failures: list[tuple[int, str]] = []
        self.is_open = asyncio.Event()
        self.stage: Stage[int] = Stage("test", self._work, failed=self._failed, size=size)

    async def _work(self, item: int) -> None:
        await self.is_open.wait()
        if item < 0:
            raise ValueError("negative")
        self.done.append(item)

    async def _failed(self, item: int, error: Exception) -> None:
        self.failures.append((item, str(error)))


async def test_items_are_done_in_the_order_in_which_they_came() -> None:
    workshop = Workshop()
    worker = asyncio.create_task(workshop.stage.run())
    assert [workshop.stage.offer(item) for item in range(10)] == [True] * 10
    workshop.is_open.set()
    await workshop.stage.join()
    worker.cancel()
    assert workshop.done == list(range(10))


async def test_an_item_that_fails_is_told_and_the_next_one_is_done() -> None:
    workshop = Workshop()
    workshop.is_open.set()
    worker = asyncio.create_task(workshop.stage.run())
    for item in (1, -2, 3):
        await workshop.stage.put(item)
    await workshop.stage.join()
    worker.cancel()
    assert (workshop.done, workshop.failures) == ([1, 3], [(-2, "negative")])


async def test_what_there_is_no_room_for_is_not_taken() -> None:
    workshop = Workshop(size=2)
    assert [workshop.stage.offer(item) for item in range(3)] == [True, True, False]
    assert workshop.stage.waiting == 2


async def test_putting_waits_for_room() -> None:
    workshop = Workshop(size=1)
    workshop.is_open.set()
    workshop.stage.offer(1)
    putting = asyncio.create_task(workshop.stage.put(2))
    await asyncio.sleep(0)
    assert not putting.done()
    worker = asyncio.create_task(workshop.stage.run())
    await putting
    await workshop.stage.join()
    worker.cancel()
    assert workshop.done == [1, 2]


async def test_a_drained_stage_with_nothing_in_it_waits_for_nothing() -> None:
    await Workshop().stage.join()


async def test_a_cancelled_worker_ends_and_tells_no_failure() -> None:
    workshop = Workshop()
    worker = asyncio.create_task(workshop.stage.run())
    workshop.stage.offer(1)
    await asyncio.sleep(0)
    worker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await worker
    await workshop.stage.join()
    assert (workshop.done, workshop.failures) == ([], [])
