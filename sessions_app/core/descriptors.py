"""The process's file descriptors: how many there may be, and how it is told that none is left."""

import codecs
import errno
import os
import resource
from contextlib import ExitStack

MOST = 65_536
"""What is asked for where the system sets no lower limit: more is only slow to look through."""
LEAST_RESERVE = 64
"""Kept back for what is no connection: models, the database, the sound of sessions."""
OUT = "Too many files and connections are open here; try again in a moment."

# loaded ahead: Django writes the log line of a refusal by it, also where nothing can be opened
codecs.lookup("unicode_escape")


def raise_limit() -> int:
    """Let the process have as many descriptors as the system allows it; return how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return limit()


def limit() -> int:
    """Return how many descriptors the process may have."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if soft == resource.RLIM_INFINITY else min(soft, MOST)


def connections_allowed(max_sessions: int) -> int:
    """Return how many connections may be open at once, so that live sessions have what they need.

    A session needs its connection, and four files; a half is kept back where the limit is small.
    """
    reserve = LEAST_RESERVE + 4 * max_sessions
    return max(8, limit() - min(reserve, limit() // 2))


class Spare:
    """Descriptors that are held, so that a few can be had when there are no others."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._held: list[int] = []

    def hold(self) -> bool:
        """Hold as many as there are left of them; return whether that is all."""
        try:
            while len(self._held) < self._count:
                self._held.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            return False
        return True

    def let_go(self) -> None:
        """Let somebody else have them. May be called twice."""
        while self._held:
            os.close(self._held.pop())


def are_out(wanted: int = 1) -> bool:
    """Return whether ``wanted`` files cannot be opened now. Costs two system calls for each."""
    with ExitStack() as held:
        try:
            for _ in range(wanted):
                held.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        except OSError as error:
            return is_lack(error)
    return False


def is_lack(error: OSError) -> bool:
    """Return whether ``error`` says that no file can be opened."""
    return error.errno in (errno.EMFILE, errno.ENFILE)


def ran_out(error: BaseException) -> bool:
    """Return whether ``error`` came since no file could be opened.

    SQLite and the loader of libraries do not say so themselves: then it is looked whether one can
    be opened now.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and is_lack(cause):
            return True
        cause = cause.__cause__ or cause.__context__
    return are_out()
