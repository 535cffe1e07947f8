"""Processes that have no descriptor left, by their limit: whatever is opened fails with EMFILE."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def no_file_can_be_opened(pid: int = 0) -> Iterator[None]:
    """Let a process, 0: this one, have no descriptor left meanwhile; what is closed is room again.

    The limit is the lowest number that is free: all below it are in use.
    """
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    limit = soft
    try:
        with suppress(OSError):  # this process cannot even look
            while (lowest := lowest_free(pid)) < limit:  # one that was used for a moment only
                limit = lowest
                resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, hard))
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


def lowest_free(pid: int = 0) -> int:
    """Return the lowest number that no descriptor of a process has."""
    used = opened(pid)
    return next(number for number in range(len(used) + 1) if number not in used)


def opened(pid: int = 0) -> dict[int, str]:
    """Return what a process has open, by the numbers of its descriptors."""
    links = Path(f"/proc/{pid or os.getpid()}/fd")
    found = {}
    for name in os.listdir(links):
        try:
            found[int(name)] = os.readlink(links / name)
        except FileNotFoundError:  # what looked, or what has just been closed
            continue
    return found
