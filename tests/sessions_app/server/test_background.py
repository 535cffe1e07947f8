"""Background work that breaks is begun again, and told meanwhile; what is done is not."""

import asyncio

import pytest

from sessions_app.live.registry import Registry
from sessions_app.server import background
from sessions_app.server.background import keep_running
from tests.house import eventually


class Work:
    """Work that breaks a number of times, and then goes on."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.begun = 0
        self.goes_on = asyncio.Event()

    async def run(self) -> None:
        self.begun += 1
        if self.begun <= self.failures:
            raise KeyError("a bug")
        await self.goes_on.wait()


async def test_what_breaks_is_begun_again_and_is_a_trouble_meanwhile(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(background, "FIRST_PAUSE_SECONDS", 0.05)
    registry, work = Registry(), Work(failures=2)
    running = asyncio.create_task(keep_running(registry, "counting", work.run))
    await eventually(lambda: "counting" in registry.troubles())
    await eventually(lambda: work.begun == 3)
    assert registry.troubles() == {}
    work.goes_on.set()
    await running
    assert work.begun == 3
    assert [r.getMessage() for r in caplog.records] == ["counting failed; it is begun again"] * 2


async def test_what_breaks_again_and_again_is_begun_ever_more_rarely(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(background, "FIRST_PAUSE_SECONDS", 0.05)
    registry, work = Registry(), Work(failures=1_000)
    running = asyncio.create_task(keep_running(registry, "counting", work.run))
    await asyncio.wait({running}, timeout=0.5)
    assert 2 <= work.begun <= 4  # after 0, 0.05, 0.15 and 0.35 s
    running.cancel()
    await asyncio.wait({running})
