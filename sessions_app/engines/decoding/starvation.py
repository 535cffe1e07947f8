"""Whether a process is slow itself, or only gets no time of the machine, as far as Linux says."""

import asyncio
import os
from pathlib import Path

SAMPLE_SECONDS = 0.5
"""How long a process is looked at."""
LEAST_SHARE = 0.5
"""How much of a processor it has at least that is not starved."""
RUNNABLE = "R"


async def is_starved(pid: int) -> bool:
    """Return whether ``pid`` would work and is not let: it is runnable, and hardly ever runs.

    One that sleeps, is stopped, or has ended is not; nor is one that computes without end.
    """
    state, before = _look(pid)
    if state != RUNNABLE:
        return False
    await asyncio.sleep(SAMPLE_SECONDS)
    state, after = _look(pid)
    return state == RUNNABLE and after - before < LEAST_SHARE * SAMPLE_SECONDS


def _look(pid: int) -> tuple[str, float]:
    """Return the state of a process, and how many seconds it had of a processor so far."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "", 0.0
    # proc(5): the third field is the state, the 14th and 15th are the times in user and system
    return fields[0], (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
