"""A flood of logins: refused at once, logged, and no live session is delayed."""

import asyncio
import os
import shutil
from collections import Counter
from contextlib import AsyncExitStack
from http import HTTPStatus
from pathlib import Path

import pytest

from sessions_app.access.hashing import MAX_RUNNING, NICENESS
from tests.server.browsing import PASSWORD, make_users, tab
from tests.server.running import running
from tests.server.visitor import Visitor

pytestmark = pytest.mark.alone

PUPILS = tuple(f"pupil{number}" for number in range(40))
PAUSE_SECONDS = 0.25
"""Seconds between two texts: a session accepts five per second in the long run."""
SCHOOL, MALLORY = "203.0.113.7", "198.51.100.9"


@pytest.fixture(scope="module")
def peopled(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data directory with forty users, and eva."""
    directory = tmp_path_factory.mktemp("class") / "data"
    shutil.copytree(migrated, directory)
    asyncio.run(make_users(directory, "eva", *PUPILS))
    return directory


@pytest.fixture
def data_dir(peopled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(peopled, tmp_path / "data"))


def steps_back(pid: int) -> int:
    """Return how many threads of a process have the priority of password hashing."""
    threads = os.listdir(f"/proc/{pid}/task")
    return sum(os.getpriority(os.PRIO_PROCESS, int(thread)) == NICENESS for thread in threads)


async def log_in(address: str, name: str, password: str, client: str) -> int:
    headers = {"X-Forwarded-For": client}
    async with tab(address, **headers) as one:
        return (await one.log_in(name, password)).status_code


async def seconds_to_a_translation(guest: Visitor) -> float:
    clock = asyncio.get_running_loop().time
    began = clock()
    await guest.type_and_hear("hola")
    return clock() - began


@pytest.mark.long
async def test_a_class_logs_in_behind_one_address_while_somebody_guesses_and_eva_speaks(
    data_dir: Path,
) -> None:
    async with AsyncExitStack() as opened:
        serving = running(data_dir, HABLA_OWNER="off", HABLA_TRUSTED_PROXIES="127.0.0.1")
        server = await opened.enter_async_context(serving)
        eva = await opened.enter_async_context(tab(server.address))
        await eva.log_in("eva")
        async with eva.speaking() as guest:
            flood = [log_in(server.address, "eva", f"guess {n}", MALLORY) for n in range(40)]
            school = [log_in(server.address, name, PASSWORD, SCHOOL) for name in PUPILS]
            logins = asyncio.gather(*flood, *school)
            waits = []
            while not logins.done():
                waits.append(await seconds_to_a_translation(guest))
                await asyncio.sleep(PAUSE_SECONDS)
            codes = await logins
        assert steps_back(server.pid) == MAX_RUNNING
        guesses, pupils = Counter(codes[: len(flood)]), Counter(codes[len(flood) :])
        assert pupils == {302: len(PUPILS)}
        # reported at once after the first three, not one by one
        assert set(guesses) == {200, 429}
        assert guesses[429] > len(flood) / 2
        assert len(waits) >= 5
        # a hash takes 0.3 s of a core, and 43 are computed: behind them it would be many seconds
        assert sorted(waits)[len(waits) // 2] < 2.0
        # from elsewhere the real user can log in, whatever was guessed
        assert await log_in(server.address, "eva", PASSWORD, SCHOOL) == 302
        log = server.log
    assert f"login as 'eva' from {MALLORY} failed" in log
    assert PASSWORD not in log
    assert "guess" not in log


async def failures_until_delayed(address: str, path: str) -> int:
    """Return how many wrong passwords are checked before one is delayed."""
    async with tab(address, **{"X-Forwarded-For": MALLORY}) as one:
        for failures in range(12):  # the delay doubles: soon it exceeds any slowness
            answer = await one.log_in("eva", "wrong", path)
            if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
                assert int(answer.headers["Retry-After"]) >= 1
                return failures
    raise AssertionError("never delayed")


async def test_what_one_process_counted_the_next_one_knows(data_dir: Path) -> None:
    counted = []
    for path in ("/login/", "/admin/login/"):
        async with running(
            data_dir, HABLA_OWNER="off", HABLA_TRUSTED_PROXIES="127.0.0.1"
        ) as server:
            counted.append(await failures_until_delayed(server.address, path))
            server.signal()
            assert await server.ended() == 0
    assert counted[0] >= 3
    assert counted[1] < counted[0]
