"""Processes that have no file descriptor left, by their limit: opening fails with EMFILE."""

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOOKS = 10


@contextmanager
def no_file_can_be_opened(pid: int = 0) -> Iterator[None]:
    """Leave a process (0: this one) no descriptor; each one that it closes is free again.

    The limit is the lowest number that is free: all below it are in use.
    """
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    limit = soft
    try:
        with suppress(OSError):  # this process cannot even look
            for _ in range(LOOKS):  # a descriptor that was open for a moment only is free again
                limit = min(limit, lowest_free(pid))
                resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, hard))
                time.sleep(0.05)
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


def lowest_free(pid: int = 0) -> int:
    """Return the lowest number that a process has not in use for a descriptor."""
    used = opened(pid)
    return next(number for number in range(len(used) + 1) if number not in used)


def opened(pid: int = 0) -> dict[int, str]:
    """Return what a process has open, by the numbers of its descriptors."""
    links = Path(f"/proc/{pid or os.getpid()}/fd")
    found = {}
    for name in os.listdir(links):
        try:
            found[int(name)] = os.readlink(links / name)
        except FileNotFoundError:  # of this very look, or just closed
            continue
    return found
