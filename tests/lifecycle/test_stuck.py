"""What does not end when a server does: each step has a limit, and so has the process."""

import asyncio
import signal
import time
from pathlib import Path

import pytest
from django.conf import settings

from sessions_app.server.process import AFTER_DRAIN_SECONDS
from tests.house import eventually
from tests.lifecycle.invariants import rows
from tests.lifecycle.shutdown_tools import Another, another, mark_of, speak, wayward
from tests.server.running import running
from tests.server.visitor import visitor

__all__ = ["another"]

QUIT_SECONDS = 3
"""Enough for all steps that return, on a busy machine."""
SURPLUS_SECONDS = 3.0
"""How much longer than its limits a shutdown may take on a busy machine."""

LIMIT_SECONDS = QUIT_SECONDS + AFTER_DRAIN_SECONDS + SURPLUS_SECONDS

# by what never returns, and how: the exit code, and the reason in the row of the live session
CUT_OFF = (3, ["server_quits_cut_off"])
LATE = (3, ["server_quits"])
GRACEFUL = (0, ["server_quits"])
STEPS: dict[str, dict[str, tuple[int, list[str]]]] = {
    "load": {"waits": (0, []), "is deaf": (3, []), "works": (0, [])},
    "detect": {"sleeps": CUT_OFF},
    "transcribe": {
        "waits": CUT_OFF,
        "is deaf": CUT_OFF,
        "works": CUT_OFF,
        "leaves a thread": GRACEFUL,
    },
    "translate": {"waits": CUT_OFF, "is deaf": CUT_OFF},
    "aclose": {"waits": LATE, "is deaf": LATE, "works": LATE},
}


@pytest.mark.parametrize("steps", [("load", "detect", "translate"), ("transcribe", "aclose")])
async def test_a_step_that_never_returns_costs_no_more_than_its_limit(
    another: Another, steps: tuple[str, ...]
) -> None:
    async def end(at: str, how: str) -> tuple[int, list[str]]:
        data_dir = another(f"{at} {how}")
        is_loaded = at != "load"
        async with running(
            data_dir,
            has_engines=is_loaded,
            may_log={"Traceback"} if at == "detect" else (),
            HABLA_QUIT_SECONDS=str(QUIT_SECONDS),
            **wayward(data_dir, at, how),
        ) as server:
            async with visitor(server.socket_address, is_ready=is_loaded) as guest:
                if is_loaded:
                    await speak(guest, "quiero agua")
                if at != "aclose":
                    await eventually(mark_of(data_dir).exists)
                server.signal()
                began_at = time.monotonic()
                assert await guest.close_code() == 4012
            exit_code = await server.ended()
            assert (
                time.monotonic() - began_at < QUIT_SECONDS + AFTER_DRAIN_SECONDS + SURPLUS_SECONDS
            )
        assert [row.problem for row in rows(data_dir) if row.problem] == []
        assert not (data_dir / "run" / "control.sock").exists()
        return exit_code, [row.reason for row in rows(data_dir)]

    cases = [(at, how) for at in steps for how in STEPS[at]]
    ends = await asyncio.gather(*(end(at, how) for at, how in cases))
    assert dict(zip(cases, ends, strict=True)) == {(at, how): STEPS[at][how] for at, how in cases}


async def test_a_process_that_is_stuck_is_ended_by_the_watchdog_or_by_a_third_signal(
    another: Another,
) -> None:
    """A GIL that C held before the first signal is another matter: docs/lifecycle.md, H30."""

    async def end(at: str, how: str, signals: int = 1) -> int:
        data_dir = another(f"{at} {how} {signals}")
        async with running(
            data_dir,
            HABLA_QUIT_SECONDS="0",
            HABLA_WATCHDOG_SECONDS="0.5",
            **wayward(data_dir, at, how),
        ) as server:
            async with visitor(server.socket_address) as guest:
                if at == "transcribe":
                    await speak(guest, "quiero agua")
                    await eventually(mark_of(data_dir).exists)
                began_at = time.monotonic()
                for _ in range(signals):
                    server.signal()
                    await asyncio.sleep(0.1)  # signals at once are one signal
                await guest.close_code()
            exit_code = await server.ended()
            seconds = time.monotonic() - began_at
            assert (seconds > AFTER_DRAIN_SECONDS) == (exit_code == 1)
            assert seconds < AFTER_DRAIN_SECONDS + SURPLUS_SECONDS
            assert ("Timeout (" in server.log) == (exit_code == 1)
        return exit_code

    ends = await asyncio.gather(
        end("aclose", "blocks"),
        end("aclose", "holds the interpreter"),
        end("transcribe", "blocks"),
        end("transcribe", "blocks", signals=3),
    )
    assert list(ends) == [1, 1, 1, 70]


def test_all_limits_together_fit_into_the_thirty_seconds_that_services_are_given() -> None:
    quit_seconds = float(str(settings.HABLA["QUIT_SECONDS"]))
    assert quit_seconds + AFTER_DRAIN_SECONDS == 29.75


async def test_a_second_signal_skips_the_drain_and_a_third_the_rest(
    another: Another, tmp_path: Path
) -> None:
    async def end(signals: int) -> int:
        data_dir = another(f"signals-{signals}")
        endless = wayward(data_dir, "translate", "is deaf" if signals > 2 else "waits")
        async with running(
            data_dir, HABLA_DRAIN_SECONDS="60", HABLA_QUIT_SECONDS="60", **endless
        ) as server:
            async with visitor(server.socket_address) as guest:
                await speak(guest, "quiero agua")
                await guest.until("speech_ended")
                server.signal()
                await guest.until("going_away")
                for _ in range(signals - 1):
                    server.signal(signal.SIGINT)
                    await asyncio.sleep(0.1)  # signals at once are one signal
                await guest.close_code()
            return await server.ended()

    assert list(await asyncio.gather(end(2), end(3))) == [3, 70]
    assert [row.reason for row in rows(tmp_path / "signals-2")] == ["server_quits_cut_off"]
