"""A real server and a fake LM Studio: started, reported, and ended with it, in order."""

import asyncio
import re
import shutil
import signal
from asyncio import to_thread
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.engines.lmstudio import FakeLms
from tests.house import eventually
from tests.server.running import Running, environment, manage, running
from tests.server.visitor import status_of, visitor
from tests.sounds import say, silence

END = [
    "quitting: ",
    " sessions ended, 0 cut off, 0 stuck",
    "engines closed",
    "LM Studio's monitor stopped",
    "LM Studio is stopped",
    "LM Studio stopped",
    "tasks closed",
    "database closed",
]


@pytest.fixture
def lms(tmp_path: Path, free_port: int) -> Iterator[FakeLms]:
    directory = tmp_path / "lms"
    directory.mkdir()
    fake = FakeLms(directory, free_port)
    yield fake
    left = fake.processes()
    fake.kill()
    assert left == []


def choices(lms: FakeLms) -> dict[str, Any]:
    return {
        "HABLA_TRANSLATOR": "llm",
        "HABLA_LLM_URL": lms.url,
        "HABLA_LLM_PROFILE": "lm-studio",
        "HABLA_LMS_EXECUTABLE": lms.executable,
    }


async def runs(server: Running) -> None:
    await eventually(lambda: "LM Studio is running" in server.log)


def steps(server: Running) -> list[str]:
    """Return the steps of END in the order in which they were logged."""
    pattern = "|".join(map(re.escape, END))
    return re.findall(pattern, server.log)


WAYS = ["SIGTERM", "SIGINT", "console", "command"]


@asynccontextmanager
async def quit_by(server: Running, data_dir: Path, way: str) -> AsyncIterator[None]:
    """End the server; a management command waits for that itself, and reports it."""
    if way != "command":
        if way == "console":
            await server.type("quit\n")
        else:
            server.signal(signal.Signals[way])
        yield
        return
    command = asyncio.create_task(manage("quit", env=environment(data_dir)))
    yield
    code, output = await command
    assert (code, "Habla has ended." in output) == (0, True)


@pytest.mark.parametrize("way", WAYS)
async def test_without_clients_the_end_comes_in_order(
    data_dir: Path, lms: FakeLms, way: str
) -> None:
    async with running(data_dir, has_console=True, **choices(lms)) as server:
        await runs(server)
        async with quit_by(server, data_dir, way):
            assert await server.ended() == 0
    assert steps(server) == END
    assert lms.processes() == []


@pytest.mark.parametrize("way", WAYS)
async def test_with_a_listening_client_the_end_comes_in_order(
    data_dir: Path, lms: FakeLms, way: str
) -> None:
    async with running(data_dir, has_console=True, **choices(lms)) as server:
        await runs(server)
        async with visitor(server.socket_address) as guest:
            await guest.listen(silence(1))
            await guest.until("listening_started")
            async with quit_by(server, data_dir, way):
                assert await guest.close_code() == 4012
                assert await server.ended() == 0
    assert steps(server) == END
    assert lms.processes() == []


@pytest.mark.parametrize("way", WAYS)
async def test_with_a_playing_client_the_end_comes_in_order(
    data_dir: Path, lms: FakeLms, way: str
) -> None:
    async with running(data_dir, has_console=True, **choices(lms)) as server:
        await runs(server)
        async with visitor(server.socket_address) as guest:
            await guest.listen(say("hola") + silence(6))
            await guest.say("stop_listening")
            await guest.until("listening_stopped")
            started = next(m for m in guest.heard if m["type"] == "listening_started")
            # slowly, so that it is still playing when a command has started on a busy machine
            await guest.say("start_playback", recording_id=started["recording"], speed=0.25)
            await guest.until("playback_progress")
            async with quit_by(server, data_dir, way):
                assert (await guest.until("playback_stopped"))["reason"] == "session_ended"
                assert await guest.close_code() == 4012
                assert await server.ended() == 0
    assert steps(server) == END
    assert lms.processes() == []


async def test_a_killed_server_takes_it_along(data_dir: Path, lms: FakeLms) -> None:
    async with running(data_dir, **choices(lms)) as server:
        await runs(server)
        await server.kill()
    await eventually(lambda: lms.processes() == [])


async def test_the_end_in_the_middle_of_its_start_leaves_nothing(
    data_dir: Path, lms: FakeLms
) -> None:
    lms.plan(never=True, stubborn=True)
    async with running(data_dir, **choices(lms)) as server:
        await eventually(lambda: lms.lines("starts") != [])
        server.signal()
        assert await server.ended() == 0
    assert lms.processes() == []


async def test_one_that_does_not_start_is_told_to_all_and_fails_nothing_else(
    data_dir: Path, lms: FakeLms
) -> None:
    lms.plan(start_hangs=True)
    async with running(data_dir, **choices(lms)) as server:
        async with visitor(server.socket_address) as guest:
            await eventually(lambda: lms.lines("starts") != [])
            lms.kill()
            while (told := await guest.until("lm_studio"))["state"] != "down":
                pass
            assert "lms server start" in told["message"]
            assert await status_of(server.address + "/readyz") == 503
        server.signal()
        assert await server.ended() == 0


def copied(data_dir: Path, other: Path) -> Path:
    """Return another data directory, which no server uses."""
    shutil.copytree(data_dir, other, ignore=shutil.ignore_patterns("run", "serve.log"))
    return other


async def test_one_that_was_running_is_used_and_left_as_it_was(
    data_dir: Path, lms: FakeLms
) -> None:
    async with running(data_dir, **choices(lms)) as first:
        await runs(first)
        before = lms.processes()
        other = Path(data_dir).parent / "other"
        async with running(await to_thread(copied, data_dir, other), **choices(lms)) as second:
            await runs(second)
            second.signal()
            assert await second.ended() == 0
        assert lms.processes() == before
        first.signal()
        assert await first.ended() == 0
