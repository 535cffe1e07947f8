"""A process that gets no CPU is distinguished from one that wastes it, sleeps, or is stopped."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sessions_app.engines.decoding.starvation import is_starved

BUSY = "print(flush=True)\nwhile True: pass"
TRUE = shutil.which("true")
ASLEEP = "print(flush=True)\nimport time\ntime.sleep(60)"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells it")


@asynccontextmanager
async def running(program: str) -> AsyncIterator[int]:
    """Run ``program`` on the first processor of the tests; yield its id."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    os.sched_setaffinity(process.pid, {min(os.sched_getaffinity(0))})
    assert process.stdout is not None
    await process.stdout.readline()
    try:
        yield process.pid
    finally:
        process.kill()
        await process.wait()


@pytest.mark.slow
async def test_who_others_leave_no_time_is_starved() -> None:
    async with running(BUSY), running(BUSY) as poor:
        os.setpriority(os.PRIO_PROCESS, poor, 19)
        assert await is_starved(poor)


async def test_who_waits_for_a_disk_is_starved(tmp_path: Path) -> None:
    """It waits in the kernel until a process that it spawned has opened its standard input."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    opening = f"(os.POSIX_SPAWN_OPEN, 0, {str(fifo)!r}, os.O_RDONLY, 0)"
    spawning = f"os.posix_spawn({TRUE!r}, ['true'], {{}}, file_actions=[{opening}])"
    async with running(f"import os\nprint(flush=True)\n{spawning}") as pid:
        await asyncio.sleep(0.1)  # the kernel takes a moment
        try:
            assert await is_starved(pid)
        finally:  # let the other go on, and end
            os.close(os.open(fifo, os.O_RDWR))


@pytest.mark.parametrize("number", [None, signal.SIGSTOP])
async def test_who_sleeps_or_is_stopped_is_not(number: signal.Signals | None) -> None:
    async with running(ASLEEP if number is None else BUSY) as pid:
        if number is not None:
            os.kill(pid, number)
        await asyncio.sleep(0.1)  # the kernel takes a moment to stop it
        assert not await is_starved(pid)


async def test_who_is_gone_is_not() -> None:
    async with running(ASLEEP) as pid:
        pass
    assert not await is_starved(pid)
