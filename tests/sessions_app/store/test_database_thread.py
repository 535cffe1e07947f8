"""The database thread: first in first out, and what was begun is completed."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from django.db import OperationalError

from sessions_app.core.errors import StoreError
from sessions_app.store.database import thread as room
from sessions_app.store.database.thread import DatabaseThread

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lane() -> Iterator[DatabaseThread]:
    lane = DatabaseThread()
    yield lane
    lane.close()


async def test_calls_are_done_in_their_order_in_one_thread(lane: DatabaseThread) -> None:
    threads: list[int] = []
    order: list[int] = []

    def work(number: int) -> int:
        threads.append(threading.get_ident())
        order.append(number)
        return number

    results = await asyncio.gather(*(lane.run(work, number) for number in range(20)))
    assert results == order == list(range(20))
    assert len(set(threads)) == 1
    assert threading.get_ident() not in threads


async def test_a_cancelled_call_is_completed_before_the_next(lane: DatabaseThread) -> None:
    begun, may_end = threading.Event(), threading.Event()
    done: list[str] = []

    def slow() -> None:
        begun.set()
        may_end.wait(5)
        done.append("slow")

    cancelled = asyncio.create_task(lane.run(slow))
    await asyncio.to_thread(begun.wait, 5)
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    following = asyncio.create_task(lane.run(done.append, "next"))
    await asyncio.sleep(0)
    may_end.set()
    await following
    assert done == ["slow", "next"]


async def test_an_error_of_the_database_is_one_of_ours(
    lane: DatabaseThread, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise OperationalError("disk /secret is full")

    with pytest.raises(StoreError) as failure:
        await lane.run(fail)
    assert str(failure.value) == "The database could not keep this."
    assert "the database refused" in caplog.text


async def test_an_answer_that_takes_too_long_is_not_waited_for(
    lane: DatabaseThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "LIMIT_SECONDS", 0.05)
    may_end = threading.Event()
    with pytest.raises(StoreError, match=r"The database does not answer\."):
        await lane.run(may_end.wait, 5)
    may_end.set()
    assert await lane.run(lambda: "works again") == "works again"


async def test_a_failure_after_its_caller_has_left_is_logged(
    lane: DatabaseThread, caplog: pytest.LogCaptureFixture
) -> None:
    begun, may_fail = threading.Event(), threading.Event()

    def fail_late() -> None:
        begun.set()
        may_fail.wait(5)
        raise OperationalError("late")

    left = asyncio.create_task(lane.run(fail_late))
    await asyncio.to_thread(begun.wait, 5)
    left.cancel()
    await asyncio.wait({left})
    may_fail.set()
    await lane.run(lambda: None)
    assert "a database call failed after its caller had left" in caplog.text


async def test_it_may_be_closed_twice_and_used_again(lane: DatabaseThread) -> None:
    assert await lane.run(lambda: 1) == 1
    lane.close()
    lane.close()
    assert await lane.run(lambda: 2) == 2
