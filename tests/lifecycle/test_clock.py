"""The clock of the machine is set while people speak: nobody notices."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.lifecycle.invariants import reasons, said, served
from tests.lifecycle.shutdown_tools import FAKETIME, ask, speak
from tests.server.pair import record
from tests.server.running import Running, running
from tests.server.visitor import visitor

NOTICED_SECONDS = 5.0
SET_SECONDS = 3.0
"""So long after it was set the server has read its clock, and looked at its rows."""
STATES = (
    "select p.state, s.state from sessions_app_translationsession s"
    " left join playback_app_playback p on p.session_id = s.id order by s.started_at"
)
CHECKED_SECONDS = 2.5
"""In so long Daphne checks its connections."""

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(FAKETIME is None, reason="libfaketime is not installed"),
]


def told_by(clock: Path) -> tuple[str, ...]:
    """Return what starts a process that is told the time by a file, and sets that right."""
    clock.write_text("+0")
    return (
        "env",
        f"LD_PRELOAD={FAKETIME}",
        f"FAKETIME_TIMESTAMP_FILE={clock}",
        "FAKETIME_CACHE_DURATION=1",
        "FAKETIME_DONT_FAKE_MONOTONIC=1",
    )


async def test_a_clock_that_is_set_ends_no_session(data_dir: Path) -> None:
    clock = data_dir / "clock"
    through = told_by(clock)
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


@pytest.mark.timeout(120)
async def test_a_clock_that_is_set_ends_no_playback_dates_rows_and_deletes_nothing(
    data_dir: Path,
) -> None:
    database, clock = data_dir / "habla.sqlite3", data_dir / "clock"
    through = told_by(clock)
    async with running(data_dir, through=through, HABLA_KEEP_RECORDINGS_DAYS="30") as server:
        async with visitor(server.socket_address) as guest:
            recording = await record(guest)
            await guest.say("start_playback", recording_id=recording)
            await guest.until("playback_started")
            await guest.say("pause_playback")
            await guest.until("playback_paused")
            for seconds in (15, 3_600, 31_536_000, -3_600):
                clock.write_text(f"{seconds:+}")
                await asyncio.sleep(SET_SECONDS)
                await guest.type_and_hear("hola")
                assert ask(database, STATES) == [("paused", "open")]
            await guest.say("resume_playback")
            await guest.until("playback_resumed")
            await guest.say("stop_playback")
            assert (await guest.until("playback_stopped"))["reason"] == "asked"
        clock.write_text("+31536000")
        server.signal()
        assert await server.ended() == 0
    async with running(data_dir, through=through, HABLA_KEEP_RECORDINGS_DAYS="30") as server:
        async with visitor(server.socket_address) as guest:
            await guest.type_and_hear("gracias")
        server.signal()
        assert await server.ended() == 0
    assert ask(database, "select id, state from sessions_app_recording") == [
        (recording.replace("-", ""), "complete")
    ]
    assert kept_sound(data_dir) == ["sound.wav"]
    assert ask(database, STATES) == [("stopped", "closed"), (None, "closed")]
    for table in ("playback_app_playback", "sessions_app_translationsession"):
        for began, ended in ask(database, f"select started_at, ended_at from {table}"):
            lasted = datetime.fromisoformat(ended) - datetime.fromisoformat(began)
            assert timedelta(0) <= lasted < timedelta(minutes=2)
    said_at = "select said_at from sessions_app_exchange order by id limit 6"
    assert ask(database, said_at) == sorted(ask(database, said_at))


def kept_sound(data_dir: Path) -> list[str]:
    return [path.name for path in data_dir.glob("recordings/*/*/sound.*")]


async def noticed(server: Running, offset: timedelta) -> None:
    """Come and go until what the server logs of it has another date."""
    async with asyncio.timeout(NOTICED_SECONDS):
        while f"{datetime.now(UTC) + offset:%Y-%m-%d %H:}" not in server.log:
            async with visitor(server.socket_address):
                pass
