"""The clock of the machine is set while people speak, without any effect on them."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.lifecycle.shutdown_tools import FAKETIME, ask
from tests.server.pair import record
from tests.server.running import running
from tests.server.visitor import visitor
from tests.sounds import say, silence

SET_SECONDS = 3.0
"""How long after that the server has read its clock, and checked rows and connections."""
STATES = (
    "select p.state, s.state from sessions_app_translationsession s"
    " left join playback_app_playback p on p.session_id = s.id order by s.started_at"
)
RECORDINGS = "sessions_app_recording"
SAID = say("hola mundo") + silence(1)
JUMPS = (15, 31_536_000, -90_000)
"""Seconds: more than a process may be silent, more than anything may last, and less than now."""

pytestmark = pytest.mark.skipif(FAKETIME is None, reason="libfaketime is not installed")


def told_by(clock: Path) -> tuple[str, ...]:
    """Return what starts a process whose time comes from a file, which is correct at first."""
    clock.write_text("+0")
    return (
        "env",
        f"LD_PRELOAD={FAKETIME}",
        f"FAKETIME_TIMESTAMP_FILE={clock}",
        "FAKETIME_CACHE_DURATION=1",
        "FAKETIME_DONT_FAKE_MONOTONIC=1",
    )


async def test_a_clock_that_is_set_ends_nothing_dates_rows_and_deletes_nothing(
    data_dir: Path,
) -> None:
    database, clock = data_dir / "habla.sqlite3", data_dir / "clock"
    through = told_by(clock)
    async with running(data_dir, through=through, HABLA_KEEP_RECORDINGS_DAYS="30") as server:
        async with visitor(server.socket_address) as guest, visitor(server.socket_address) as live:
            recording = await record(guest)
            await guest.say("start_playback", recording_id=recording)
            await guest.until("playback_started")
            await guest.say("pause_playback")
            await guest.until("playback_paused")
            await live.listen(SAID)
            await live.until("translation")
            for seconds in JUMPS:
                clock.write_text(f"{seconds:+}")
                await asyncio.sleep(SET_SECONDS)
                await guest.type_and_hear("hola")
                await live.send_sound(SAID)
                await live.until("translation")
                assert ask(database, STATES) == [("paused", "open"), (None, "open")]
            await live.say("stop_listening")
            await live.until("listening_stopped")
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
    recorded = live.told("listening_started")[0]["recording"]
    assert sorted(ask(database, f"select id, state from {RECORDINGS}")) == sorted(
        (each.replace("-", ""), "complete") for each in (recording, recorded)
    )
    lasts = f"select id, duration_seconds from {RECORDINGS}"
    seconds = dict(ask(database, lasts))[recorded.replace("-", "")]
    assert seconds == pytest.approx(len(SAID) / 32_000 * (1 + len(JUMPS)), abs=0.1)
    assert kept_sound(data_dir) == ["sound.wav"] * 2
    assert ask(database, STATES) == [("stopped", "closed"), (None, "closed"), (None, "closed")]
    for table in ("playback_app_playback", "sessions_app_translationsession"):
        for began, ended in ask(database, f"select started_at, ended_at from {table}"):
            lasted = datetime.fromisoformat(ended) - datetime.fromisoformat(began)
            assert timedelta(0) <= lasted < timedelta(minutes=2)
    said_at = "select said_at from sessions_app_exchange order by id limit 6"
    assert ask(database, said_at) == sorted(ask(database, said_at))


def kept_sound(data_dir: Path) -> list[str]:
    return [path.name for path in data_dir.glob("recordings/*/*/sound.*")]
