"""The very end of a serving process: no task is left, and the exit code says how it went."""

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Collection, Set
from contextlib import suppress
from enum import IntEnum
from typing import Any, NoReturn

logger = logging.getLogger(__name__)

BACKGROUND_SECONDS = 0.25
"""How long the end waits for what ran in the background, before it closes anything."""
TASKS_SECONDS = 0.5
"""How long the tasks that are left may take to end once they are cancelled."""
SLICE_SECONDS = 0.05
"""So long the end waits at a time. A wait that takes longer was held up, which does not count."""


class ExitCode(IntEnum):
    """How `serve` ended. Never negative."""

    GRACEFUL = 0
    WATCHDOG = 1
    NOT_STARTED = 2
    CUT_OFF = 3
    THIRD_SIGNAL = 70


def exit_process(code: ExitCode) -> NoReturn:
    """End the process even if threads are stuck: whatever must be stored has been (H28)."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # closed, or never open
            stream.flush()
    os._exit(code)


async def is_step_done(what: str, step: Awaitable[bool | None]) -> bool:
    """Return whether a step of the end was done. If it raises, that is logged and not raised."""
    try:
        return await step is not False
    except OSError as error:  # such as a disk that can no longer be written
        logger.error("%s could not be closed: %s", what, error)  # noqa: TRY400 -- says it all
    except Exception:  # whatever it is, the other steps must still run
        logger.exception("%s could not be closed", what)
    return False


async def cancel_background(tasks: Collection["asyncio.Task[None]"]) -> None:
    """Cancel what serves, so that nothing of it begins anew what the end has closed.

    Whatever does not end within BACKGROUND_SECONDS is left to ``cancel_tasks``.
    """
    for task in tasks:
        task.cancel()
    await _still_running(tasks, BACKGROUND_SECONDS)


async def cancel_tasks() -> bool:
    """Cancel every task but this one; return whether all of them ended."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    closing = asyncio.create_task(_close_generators_after(left), name="habla generators")
    if await _still_running({*left, closing}, TASKS_SECONDS):
        closing.cancel()
    stuck = asyncio.all_tasks() - {asyncio.current_task(), closing}
    if stuck:
        logger.error(
            "these did not react to cancellation: %s", ", ".join(task.get_name() for task in stuck)
        )
    return not stuck


async def _close_generators_after(tasks: Set["asyncio.Task[Any]"]) -> None:
    if tasks:
        await asyncio.wait(tasks)
    await asyncio.get_running_loop().shutdown_asyncgens()


async def _still_running(
    tasks: Collection["asyncio.Task[Any]"], seconds: float
) -> Collection["asyncio.Task[Any]"]:
    """Wait for tasks; return those that are still running after ``seconds``.

    Time in which this process is held up does not count, since it is not theirs.
    """
    while tasks and seconds > 0:
        _, tasks = await asyncio.wait(tasks, timeout=SLICE_SECONDS)
        seconds -= SLICE_SECONDS
    return tasks
