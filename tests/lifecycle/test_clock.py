"""The clock of the machine is set while people speak: nobody notices."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.lifecycle.invariants import reasons, said, served
from tests.lifecycle.shutdown_tools import FAKETIME, speak
from tests.server.running import Running
from tests.server.visitor import visitor

NOTICED_SECONDS = 5.0
CHECKED_SECONDS = 2.5
"""In so long Daphne checks its connections."""

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(FAKETIME is None, reason="libfaketime is not installed"),
]


async def test_a_clock_that_is_set_ends_no_session(data_dir: Path) -> None:
    clock = data_dir / "clock"
    clock.write_text("+0")
    through = (
        "env",
        f"LD_PRELOAD={FAKETIME}",
        f"FAKETIME_TIMESTAMP_FILE={clock}",
        "FAKETIME_CACHE_DURATION=1",
        "FAKETIME_DONT_FAKE_MONOTONIC=1",
    )
    async with (
        served(data_dir, through=through) as server,
        visitor(server.socket_address) as guest,
    ):
        for offset in (timedelta(hours=25), timedelta(hours=-25)):
            clock.write_text(f"{offset.total_seconds():+.0f}")
            await noticed(server, offset)
            await asyncio.sleep(CHECKED_SECONDS)
            await speak(guest, "hola")
            await guest.until("translation")
            await guest.say("stop_listening")
            await guest.until("listening_stopped")
        await guest.leave()
    assert said(data_dir) == ["hola"] * 2
    assert set(reasons(data_dir)) == {"client_left"}


async def noticed(server: Running, offset: timedelta) -> None:
    """Come and go until what the server logs of it has another date."""
    async with asyncio.timeout(NOTICED_SECONDS):
        while f"{datetime.now(UTC) + offset:%Y-%m-%d %H:}" not in server.log:
            async with visitor(server.socket_address):
                pass
