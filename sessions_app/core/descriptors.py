"""File descriptors of this process: their limit, and whether they are exhausted."""

import codecs
import errno
import os
import resource
from contextlib import ExitStack

MAX_DESCRIPTORS = 65_536
"""The limit that is requested, unless the system's is lower."""
MIN_RESERVE = 64
"""Reserved for everything but connections: models, the database, recordings."""
EXHAUSTED = "Too many files and connections are open here; try again in a moment."

# loaded in advance: Django needs it to log a refusal, even when no file can be opened
codecs.lookup("unicode_escape")


def raise_limit() -> int:
    """Raise the limit of descriptors as far as the system allows; return the new limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MAX_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return limit()


def limit() -> int:
    """Return how many descriptors the process may have."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_DESCRIPTORS if soft == resource.RLIM_INFINITY else min(soft, MAX_DESCRIPTORS)


def connections_allowed(max_sessions: int) -> int:
    """Return how many connections may be open at once, so that live sessions have enough left.

    A session needs its connection and four files; at most half of a small limit is reserved.
    """
    reserve = MIN_RESERVE + 4 * max_sessions
    return max(8, limit() - min(reserve, limit() // 2))


class SpareDescriptors:
    """Spare descriptors: held open, to be released when all others are used up."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._held: list[int] = []

    def hold(self) -> bool:
        """Open the spare ones again; return whether all could be opened."""
        try:
            while len(self._held) < self._count:
                self._held.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            return False
        return True

    def release(self) -> None:
        """Close them, so that others can be opened. May be called twice."""
        while self._held:
            os.close(self._held.pop())


def are_exhausted(wanted: int = 1) -> bool:
    """Return whether ``wanted`` files cannot be opened now. Takes two system calls for each."""
    with ExitStack() as held:
        try:
            for _ in range(wanted):
                held.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        except OSError as error:
            return is_exhaustion(error)
    return False


def is_exhaustion(error: OSError) -> bool:
    """Return whether ``error`` says that descriptors are exhausted."""
    return error.errno in (errno.EMFILE, errno.ENFILE)


def was_exhausted(error: BaseException) -> bool:
    """Return whether ``error`` was caused by exhausted descriptors.

    SQLite and the loader of libraries do not say so themselves: then it counts whether a file can
    be opened now.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and is_exhaustion(cause):
            return True
        cause = cause.__cause__ or cause.__context__
    return are_exhausted()
