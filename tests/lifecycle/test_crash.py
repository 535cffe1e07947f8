"""A server that is killed: the next one corrects what it left, and nobody before that."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sessions_app.engines.translation.apertium_modes import installed_modes
from tests.engines.processes import all_ended, children_of, watch
from tests.lifecycle.shutdown_tools import FAKETIME, Another, another, ask, fake, speak
from tests.server.postgres import cluster, find_program
from tests.server.running import environment, manage, running
from tests.server.visitor import visitor

__all__ = ["another"]

RECONCILED_SECONDS = 5.0
"""How soon after it is ready a server has corrected the rows."""
BEAT_SECONDS = 6.0
"""How old the last sign of life may be, and a little more."""
SESSIONS = "select state, reason, close_count from sessions_app_translationsession order by boot"


async def reconciled(database: Path, states: list[str]) -> None:
    """Wait until the rows are in these states, in the order in which they began."""
    query = "select state from sessions_app_translationsession order by started_at"
    async with asyncio.timeout(RECONCILED_SECONDS):
        while [state for (state,) in ask(database, query)] != states:  # noqa: ASYNC110 -- rows tell nobody
            await asyncio.sleep(0.05)


def moment(value: str) -> datetime:
    return datetime.fromisoformat(value).replace(tzinfo=UTC)


async def test_the_next_start_marks_what_a_killed_server_left_as_lost_when_it_last_lived(
    data_dir: Path,
) -> None:
    database = data_dir / "habla.sqlite3"
    async with (
        running(data_dir) as server,
        visitor(server.socket_address) as one,
        visitor(server.socket_address) as two,
    ):
        await speak(one, "hola mundo")
        await one.until("translation")
        await speak(two, "gracias")
        killed_at = datetime.now(UTC)
        await server.kill()
    assert ask(database, SESSIONS) == [("open", "", 0)] * 2
    async with running(data_dir) as server:
        await reconciled(database, ["lost", "lost"])
        server.signal()
        assert await server.ended() == 0
    assert ask(database, SESSIONS) == [("lost", "server_lost", 1)] * 2
    found = ask(
        database, "select seen_at, started_at, ended_at from sessions_app_translationsession"
    )
    for seen_at, started_at, ended_at in found:
        # the database's clock counts milliseconds, ours microseconds: one who is seen in the
        # millisecond in which it started did not end before that
        assert ended_at == max(seen_at, started_at)
        assert timedelta(0) < killed_at - moment(ended_at) < timedelta(seconds=BEAT_SECONDS)
    assert ("hola mundo",) in ask(database, "select source from sessions_app_exchange")


async def test_rows_of_a_server_elsewhere_are_its_own_while_it_lives(
    another: Another, tmp_path: Path
) -> None:
    here, alive, dead = another("here"), another("alive"), another("dead")
    database = here / "habla.sqlite3"
    url = f"sqlite:///{database}"
    async with running(alive, DATABASE_URL=url) as server:
        async with visitor(server.socket_address) as guest:
            async with running(dead, DATABASE_URL=url) as other, visitor(other.socket_address):
                await other.kill()
            age_of = (
                "select id from sessions_app_translationsession order by started_at desc limit 1"
            )
            await asyncio.to_thread(
                ask,
                database,
                "update sessions_app_translationsession"
                f" set seen_at = datetime('now', '-1 minute') where id = ({age_of})",
            )
            async with running(here, DATABASE_URL=url) as third:
                await reconciled(database, ["open", "lost"])
                third.signal()
                assert await third.ended() == 0
            await speak(guest, "hola")
            await guest.until("translation")
            server.signal()
            assert await guest.close_code() == 4012
        assert await server.ended() == 0
    assert sorted(ask(database, SESSIONS)) == [
        ("closed", "server_quits", 1),
        ("lost", "server_lost", 1),
    ]


@pytest.mark.skipif(not installed_modes(), reason="apertium-eng-spa is not installed")
async def test_the_processes_of_engines_die_with_a_killed_server(data_dir: Path) -> None:
    async with running(data_dir, HABLA_TRANSLATOR="apertium") as server:
        helpers = children_of(server.pid)
        assert len(helpers) > 2
        watched = watch(helpers)
        await server.kill()
        assert await asyncio.to_thread(all_ended, watched, 5.0)


@pytest.mark.skipif(find_program("initdb") is None, reason="PostgreSQL is not installed")
async def test_postgresql_is_left_as_true_by_a_quit_and_by_a_kill(tmp_path: Path) -> None:
    async with cluster() as url:
        code, output = await manage("migrate", env=environment(tmp_path, DATABASE_URL=url))
        assert code == 0, output
        slow = fake(delay_seconds=0.3)
        async with running(tmp_path, DATABASE_URL=url, HABLA_TRANSCRIBER=slow) as server:
            async with visitor(server.socket_address) as guest:
                await speak(guest, "hola mundo", "gracias", "agua")
                for _ in range(3):
                    await guest.until("speech_ended")
                server.signal()
                assert await guest.close_code() == 4012
            assert len(guest.told("translation")) == 3
            assert guest.heard[-1]["type"] == "closed"
            assert await server.ended() == 0
        async with (
            running(tmp_path, DATABASE_URL=url) as server,
            visitor(server.socket_address) as guest,
        ):
            await speak(guest, "no")
            await guest.until("translation")
            await server.kill()
        async with running(tmp_path, DATABASE_URL=url) as server:
            ready_at = time.monotonic()
            while (kept := await kept_in(url, tmp_path))[-1][0] == "open":
                assert time.monotonic() - ready_at < RECONCILED_SECONDS + 2
            server.signal()
            assert await server.ended() == 0
        assert kept == [["closed", "server_quits", 1, 3], ["lost", "server_lost", 1, 1]]


async def kept_in(url: str, data_dir: Path) -> list[list[Any]]:
    """Return of each session its state, reason, close_count and how much was said in it."""
    query = (
        "import json; from sessions_app.models import TranslationSession as S;"
        "rows = S.objects.order_by('started_at');"
        "print(json.dumps([[s.state, s.reason, s.close_count, s.exchanges.count()] for s in rows]))"
    )
    arguments = ("shell", "--verbosity=0", "-c", query)
    code, output = await manage(*arguments, env=environment(data_dir, DATABASE_URL=url))
    assert code == 0, output
    found: list[list[Any]] = json.loads(output.splitlines()[-1])
    return found


@pytest.mark.skipif(find_program("initdb") is None, reason="PostgreSQL is not installed")
@pytest.mark.skipif(FAKETIME is None, reason="libfaketime is not installed")
async def test_a_server_whose_clock_is_an_hour_late_is_not_taken_for_dead(
    another: Another, tmp_path: Path
) -> None:
    through = ("env", f"LD_PRELOAD={FAKETIME}", "FAKETIME=-1h", "FAKETIME_DONT_FAKE_MONOTONIC=1")
    here, elsewhere = another("here"), another("elsewhere")
    async with cluster() as url:
        await manage("migrate", env=environment(tmp_path, DATABASE_URL=url))
        async with running(elsewhere, through=through, DATABASE_URL=url) as late:
            async with visitor(late.socket_address) as guest:
                await speak(guest, "hola")
                await guest.until("translation")
                async with running(here, DATABASE_URL=url) as server:
                    async with visitor(server.socket_address):
                        assert (await kept_in(url, here))[0][:2] == ["open", ""]
                    server.signal()
                    assert await server.ended() == 0
                await guest.leave()
            late.signal()
            assert await late.ended() == 0
        kept = [session[:3] for session in await kept_in(url, here)]
        assert kept == [["closed", "client_left", 1]] * 2
