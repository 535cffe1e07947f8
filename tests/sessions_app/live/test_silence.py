"""A client that sends nothing is detected, but not while the server keeps it waiting."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from sessions_app.live.silence import SilenceWatch


class Room:
    """A session that listens, on a clock of its own."""

    waits_since: float | None = None

    def __init__(self) -> None:
        self.broken = asyncio.Event()

    async def note_broken(self) -> None:
        self.broken.set()


@asynccontextmanager
async def watched(room: Room, seconds: float) -> AsyncIterator[None]:
    watch = asyncio.create_task(
        SilenceWatch(seconds, lambda: room.waits_since, room.note_broken).watch()
    )
    try:
        yield
    finally:
        watch.cancel()
        await asyncio.wait({watch})


async def is_broken(room: Room, within: float) -> bool:
    try:
        async with asyncio.timeout(within):
            await room.broken.wait()
    except TimeoutError:
        return False
    return True


async def test_silence_is_noticed_once_it_has_lasted() -> None:
    room = Room()
    room.waits_since = began_at = time.monotonic()
    async with watched(room, 0.3):
        assert await is_broken(room, 5)
    assert time.monotonic() - began_at >= 0.3


async def test_while_the_server_works_off_what_came_nobody_is_silent() -> None:
    room = Room()
    async with watched(room, 0.1):
        assert not await is_broken(room, 0.5)
        room.waits_since = time.monotonic()
        assert await is_broken(room, 5)
    assert time.monotonic() - room.waits_since >= 0.1


@pytest.mark.slow
async def test_what_came_while_the_process_was_held_up_is_read_first() -> None:
    room = Room()
    room.waits_since = time.monotonic()

    def read() -> None:
        room.waits_since = time.monotonic() + 5

    async with watched(room, 0.3):
        await asyncio.sleep(0)
        time.sleep(1.6)  # noqa: ASYNC251 -- it is held up: that is what is tested
        asyncio.get_running_loop().call_later(0.1, read)
        assert not await is_broken(room, 1.5)
