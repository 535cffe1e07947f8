"""The very end of a serving process: no task left, and an exit code that says how it went."""

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable
from contextlib import suppress
from enum import IntEnum
from typing import NoReturn

logger = logging.getLogger(__name__)

TASKS_SECONDS = 0.5
"""How long what is left may take to end once it is cancelled."""


class ExitCode(IntEnum):
    """How `serve` ended. Never negative."""

    GRACEFUL = 0
    WATCHDOG = 1
    NOT_STARTED = 2
    CUT_OFF = 3
    THIRD_SIGNAL = 70


def exit_process(code: ExitCode) -> NoReturn:
    """End the process, whatever threads are stuck in it: what is durable is done (H28)."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # closed, or never there
            stream.flush()
    os._exit(code)


async def done_in_time(what: str, step: Awaitable[bool | None]) -> bool:
    """Return whether a step of the end was done. One that raises is logged, and ends no other."""
    try:
        return await step is not False
    except OSError as error:  # as on a disk that cannot be written any more
        logger.error("%s could not be closed: %s", what, error)  # noqa: TRY400 -- says it all
    except Exception:  # whatever it is, the other steps are to be done
        logger.exception("%s could not be closed", what)
    return False


async def cancel_tasks() -> bool:
    """Cancel every task but this one; return whether all of them ended."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    with suppress(TimeoutError):
        async with asyncio.timeout(TASKS_SECONDS):
            if left:
                await asyncio.wait(left)
            await asyncio.get_running_loop().shutdown_asyncgens()
    stuck = asyncio.all_tasks() - {asyncio.current_task()}
    if stuck:
        logger.error("tasks that do not end: %s", ", ".join(task.get_name() for task in stuck))
    return not stuck
