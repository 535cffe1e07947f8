"""Processes as the kernel sees them: whose children they are, and waiting for their end."""

import os
import select
from collections.abc import Sequence
from pathlib import Path


def children_of(parent: int) -> list[int]:
    """The processes whose parent is ``parent``, including dead ones that are not reaped yet."""
    return sorted(pid for pid in _all_processes() if _parent_of(pid) == parent)


def _all_processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _parent_of(pid: int) -> int | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(fields[1])


def watch(pids: Sequence[int]) -> list[int]:
    """File descriptors that become readable when their process ends."""
    return [os.pidfd_open(pid) for pid in pids]


def all_ended(descriptors: Sequence[int], within_seconds: float) -> bool:
    """Whether each watched process has ended; waits at most ``within_seconds`` for each."""
    ended = [bool(select.select([each], [], [], within_seconds)[0]) for each in descriptors]
    for descriptor in descriptors:
        os.close(descriptor)
    return all(ended)
