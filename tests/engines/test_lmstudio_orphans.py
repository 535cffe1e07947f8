"""However Habla ends, even in the middle of a start, no process of LM Studio outlives it."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessions_app.engines.lmstudio.manager import LMStudio
from sessions_app.engines.lmstudio.states import LmState, LmStudioAddress
from tests.engines.lmstudio import FakeLms
from tests.house import eventually

pytestmark = pytest.mark.slow

OWNER = """
import asyncio, sys
from sessions_app.engines.lmstudio.manager import LMStudio
from sessions_app.engines.lmstudio.states import LmStudioAddress

async def main():
    def tell(condition):
        if condition.state == "running":
            print("started", flush=True)

    studio = LMStudio(
        sys.argv[1], LmStudioAddress(sys.argv[2]), owner=sys.argv[3], on_change=tell
    )
    print("begun", flush=True)
    studio.watch()
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def lms(tmp_path: Path, free_port: int) -> Iterator[FakeLms]:
    fake = FakeLms(tmp_path, free_port)
    yield fake
    fake.kill()


async def owner_of(lms: FakeLms) -> Process:
    """Start a process that begins to start LM Studio."""
    code = (sys.executable, "-c", OWNER, lms.executable, lms.url, lms.owner)
    owner = await asyncio.create_subprocess_exec(*code, stdout=PIPE)
    await says(owner, b"begun\n")
    return owner


async def says(owner: Process, line: bytes) -> None:
    assert owner.stdout is not None
    assert await owner.stdout.readline() == line


async def all_gone(lms: FakeLms) -> None:
    await eventually(lambda: lms.processes() == [])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
@pytest.mark.parametrize("stubborn", [False, True])
async def test_nothing_outlives_an_owner_that_dies(
    lms: FakeLms, number: signal.Signals, stubborn: bool
) -> None:
    lms.plan(**({"stubborn": True} if stubborn else {}))
    owner = await owner_of(lms)
    await says(owner, b"started\n")
    assert len(lms.processes()) > 4
    owner.send_signal(number)
    await owner.communicate()
    await all_gone(lms)


@pytest.mark.parametrize("milliseconds", [0, 10, 20, 40, 60, 100, 150, 250, 400])
async def test_nothing_outlives_an_owner_that_is_killed_while_it_starts(
    lms: FakeLms, milliseconds: int
) -> None:
    owner = await owner_of(lms)
    await asyncio.sleep(milliseconds / 1000)
    owner.kill()
    await owner.communicate()
    await all_gone(lms)


@pytest.mark.parametrize("way", ["up_hangs", "start_hangs", "never"])
async def test_nothing_outlives_an_owner_that_is_killed_at_a_step_that_hangs(
    lms: FakeLms, way: str
) -> None:
    lms.plan(**{way: True}, stubborn=True)
    owner = await owner_of(lms)
    await eventually(lambda: len(lms.processes()) > 4)
    owner.kill()
    await owner.communicate()
    await all_gone(lms)


async def test_what_is_left_of_both_owner_and_supervisor_is_ended_by_the_next_owner(
    lms: FakeLms,
) -> None:
    owner = await owner_of(lms)
    await says(owner, b"started\n")
    before = [pid for pid in lms.processes() if pid != owner.pid]
    owner.send_signal(signal.SIGSTOP)
    os.kill(min(before), signal.SIGKILL)
    owner.kill()
    await owner.communicate()
    # the daemon and its workers, whose parents are gone
    await eventually(lambda: len(lms.processes()) == 3)
    studio = LMStudio(lms.executable, LmStudioAddress(lms.url), owner=lms.owner)
    studio.watch()
    await eventually(lambda: studio.condition.state is LmState.RUNNING)
    assert not set(before) & set(lms.processes())
    assert studio.condition.is_ours
    await studio.aclose()
    assert lms.processes() == []
