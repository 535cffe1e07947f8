"""Small pieces of work in one thread: in order, in batches, none lost."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from sessions_app.core.audio import Encoding
from sessions_app.core.errors import DecodeError, EngineError
from sessions_app.engines.decoding.decoders import open_decoder
from sessions_app.engines.fake import FakeDetector
from sessions_app.pipeline import batching_thread
from sessions_app.pipeline.batching_thread import MOST_AT_ONCE, BatchingThread
from sessions_app.pipeline.sound import Sound
from tests.house import eventually
from tests.sounds import ogg, say

GATHERING_SECONDS = 0.6


class User:
    """A user that brings work repeatedly."""


@pytest.fixture
def thread() -> Iterator[BatchingThread]:
    made = BatchingThread("habla test")
    yield made
    made.close()


async def test_results_and_failures_come_to_whoever_asked(thread: BatchingThread) -> None:
    def fail() -> None:
        raise DecodeError("broken")

    assert await thread.do(lambda: 6 * 7) == 42
    with pytest.raises(DecodeError, match="broken"):
        await thread.do(fail)
    assert await thread.do(lambda: "and on") == "and on"


async def test_work_is_done_in_the_order_in_which_it_came_and_in_one_thread(
    thread: BatchingThread,
) -> None:
    done: list[int] = []
    threads: set[int] = set()

    def note(number: int) -> None:
        done.append(number)
        threads.add(threading.get_ident())

    many = MOST_AT_ONCE * 3 + 1
    await asyncio.gather(*(thread.do(lambda n=n: note(n)) for n in range(many)))  # type: ignore[misc]
    assert done == list(range(many))
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_what_is_cancelled_before_its_turn_is_left_out_and_the_rest_is_done(
    thread: BatchingThread,
) -> None:
    go, done = threading.Event(), []
    first = asyncio.create_task(thread.do(lambda: go.wait(5)))
    second = asyncio.create_task(thread.do(lambda: done.append("second")))
    third = asyncio.create_task(thread.do(lambda: done.append("third")))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.wait({second})
    go.set()
    await asyncio.gather(first, third)
    assert done == ["third"]


async def test_what_was_begun_goes_on_before_the_next_though_nobody_waits(
    thread: BatchingThread,
) -> None:
    begun, go, done = threading.Event(), threading.Event(), []

    def slow() -> None:
        begun.set()
        go.wait(5)
        done.append("slow")

    slow_one = asyncio.create_task(thread.do(slow))
    await asyncio.to_thread(begun.wait, 5)
    slow_one.cancel()
    closing = asyncio.create_task(thread.do(lambda: done.append("closed")))
    go.set()
    await closing
    assert done == ["slow", "closed"]


async def test_a_closed_thread_takes_no_work_and_fails_what_waits(thread: BatchingThread) -> None:
    go = threading.Event()
    running = asyncio.create_task(thread.do(lambda: go.wait(5)))
    waiting = asyncio.create_task(thread.do(lambda: None))
    await asyncio.sleep(0)
    thread.close()
    thread.close()
    go.set()
    assert await running is True
    with pytest.raises(EngineError, match="unloaded"):
        await waiting
    with pytest.raises(EngineError, match="unloaded"):
        await thread.do(lambda: None)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gather batches for so long that a test can see it."""
    monkeypatch.setattr(batching_thread, "GATHERING_SECONDS", GATHERING_SECONDS)
    monkeypatch.setattr(batching_thread, "LONGEST_GATHERING_SECONDS", GATHERING_SECONDS)


@pytest.mark.usefixtures("patient")
async def test_among_many_users_what_comes_soon_after_goes_over_together(
    thread: BatchingThread,
) -> None:
    users = [User(), User()]
    for user in users:
        thread.add_user(user)
    await thread.do(lambda: None)
    begin_at = asyncio.get_running_loop().time()
    done: list[str] = []
    second = asyncio.create_task(thread.do(lambda: done.append("second")))
    await asyncio.sleep(GATHERING_SECONDS / 10)
    assert not done
    third = asyncio.create_task(thread.do(lambda: done.append("third")))
    await asyncio.gather(second, third)
    assert done == ["second", "third"]
    assert asyncio.get_running_loop().time() - begin_at < 1.5 * GATHERING_SECONDS


@pytest.mark.usefixtures("patient")
async def test_nothing_more_is_gathered_than_goes_over_in_one_piece(thread: BatchingThread) -> None:
    user = User()
    thread.add_user(user)
    await thread.do(lambda: None)
    begin_at = asyncio.get_running_loop().time()
    await asyncio.gather(*(thread.do(lambda: None) for _ in range(MOST_AT_ONCE)))
    assert asyncio.get_running_loop().time() - begin_at < GATHERING_SECONDS / 2


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("forgotten", [False, True])
async def test_nobody_waits_for_users_who_left_or_are_forgotten(
    thread: BatchingThread, *, forgotten: bool
) -> None:
    user = User()
    thread.add_user(user)
    if not forgotten:
        thread.remove_user(user)
        thread.remove_user(user)
    del user
    begin_at = asyncio.get_running_loop().time()
    for _ in range(10):
        await thread.do(lambda: None)
    assert asyncio.get_running_loop().time() - begin_at < 5 * GATHERING_SECONDS


@pytest.mark.slow
@pytest.mark.usefixtures("patient")
async def test_what_is_being_gathered_fails_when_the_thread_closes(thread: BatchingThread) -> None:
    user = User()
    thread.add_user(user)
    await thread.do(lambda: None)
    done: list[str] = []
    gathered = asyncio.create_task(thread.do(lambda: done.append("gathered")))
    await asyncio.sleep(0)
    thread.close()
    with pytest.raises(EngineError, match="unloaded"):
        await gathered
    await asyncio.sleep(1.5 * GATHERING_SECONDS)
    assert not done


@pytest.mark.usefixtures("patient")
async def test_a_decoder_is_closed_though_whoever_closes_it_is_cancelled(
    thread: BatchingThread,
) -> None:
    before = set(threading.enumerate())
    sound = Sound(open_decoder(Encoding.OGG_OPUS), FakeDetector().stream(), thread)
    user = User()
    thread.add_user(user)
    await sound.decode(ogg(say("hola")))
    assert len(set(threading.enumerate()) - before) == 2  # this one, and the decoder's own
    closing = asyncio.create_task(sound.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait({closing})
    await eventually(lambda: len(set(threading.enumerate()) - before) == 1)
