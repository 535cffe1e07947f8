"""Whether a process is slow itself, or only gets no time of the machine, as far as Linux says."""

import asyncio
import os
from pathlib import Path

SAMPLE_SECONDS = 0.5
"""How long a process is observed."""
LEAST_SHARE = 0.5
"""The least share of a processor that a process which is not starved has."""
WAITING = frozenset("RD")
"""The states of a process that waits for a processor, or for a disk, as for its own code."""


async def is_starved(pid: int) -> bool:
    """Return whether ``pid`` is starved: it would run, and hardly ever does.

    A process that sleeps, is stopped, or has ended is not; nor is one that computes without end.
    """
    state, before = _look(pid)
    if state not in WAITING:
        return False
    await asyncio.sleep(SAMPLE_SECONDS)
    state, after = _look(pid)
    return state in WAITING and after - before < LEAST_SHARE * SAMPLE_SECONDS


def _look(pid: int) -> tuple[str, float]:
    """Return the state of a process, and how many seconds of processor time it has had."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "", 0.0
    # proc(5): the third field is the state, the 14th and 15th are the times in user and system
    return fields[0], (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
