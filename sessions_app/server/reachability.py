"""Keeps what lies in the run directory: the run file, the control socket, the clock's state."""

import asyncio
import logging
from contextlib import suppress
from pathlib import Path

from sessions_app.core.steady_clock import STATE_NAME, clock
from sessions_app.server.control import Control
from sessions_app.server.runfile import AlreadyServingError, RunFile

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0


async def keep_reachable(run_file: RunFile, control: Control, run_dir: Path) -> None:
    """Check every second, until cancelled; create again what is missing.

    Nothing is created where the whole data directory is gone, or another server holds it.
    """
    problem = ""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        _look_at_clock(run_dir)
        was, problem = problem, await _restore(run_file, control, run_dir)
        if problem and problem != was:
            logger.error("commands do not reach this server: %s", problem)


def _look_at_clock(run_dir: Path) -> None:
    if seconds := clock.check():
        logger.warning(
            "the system clock was set forward by %.0f s: nothing is deleted by its age for a day",
            seconds,
        )
    with suppress(OSError):  # then the system clock alone decides what is old enough to be deleted
        clock.save(run_dir / STATE_NAME)


async def _restore(run_file: RunFile, control: Control, run_dir: Path) -> str:
    """Return why this server cannot be reached; empty: it can."""
    if not run_dir.parent.is_dir():
        return "its data directory is gone"
    try:
        is_new = run_file.restore()
        if is_new or not control.is_reachable(run_dir):
            await control.open(run_dir)
            logger.warning("the run file or the control socket was deleted; it is created again")
    except AlreadyServingError as error:
        return str(error)
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""
