"""What a server does in the background: it leaves the event loop alone when all is closed."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

from sessions_app.config import conf
from sessions_app.extensions import plugged_in
from sessions_app.live.registry import Registry
from sessions_app.recording.recovery import keep_recovering
from sessions_app.server.downloads import download_better_models
from sessions_app.server.heartbeat import keep_heartbeat
from sessions_app.server.selftest import keep_running_selftests
from sessions_app.server.writable import keep_probing_writes
from tests.house import House

BLOCKED_SECONDS = 2.0
"""After this long without a turn for anybody else, the loop counts as blocked."""


def say_nothing(_: str) -> None:
    """Say nothing."""


WORK: dict[str, Callable[[Registry], Coroutine[Any, Any, None]]] = {
    "heartbeat": keep_heartbeat,
    "trying to write": keep_probing_writes,
    "self-tests": keep_running_selftests,
    "recovery": lambda registry: keep_recovering(registry.boot, say_nothing),
    "downloads": lambda registry: download_better_models(registry, conf.read(), say_nothing),
    **plugged_in.background,
}


@contextmanager
def interrupted_when_blocked() -> Iterator[None]:
    """Raise in whatever blocks the loop, so that the test can go on."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise TimeoutError("the event loop is blocked")

    former = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, BLOCKED_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)


@pytest.mark.parametrize("name", WORK)
async def test_background_work_leaves_the_loop_alone_once_the_registry_is_closed(
    name: str, house: House
) -> None:
    await house.registry.close()
    task = asyncio.create_task(WORK[name](house.registry), name=name)
    with interrupted_when_blocked():
        await asyncio.wait({task}, timeout=0.5)
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled() or task.exception() is None
