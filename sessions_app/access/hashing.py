"""Password hashing in a small pool of threads with low priority.

A hash takes half a second of processor time, and a flood of logins would take the processors from
live sessions. So at most MAX_RUNNING passwords are hashed at once, in threads that have a low
priority where the system supports that (Linux).
"""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from django.contrib.auth.hashers import PBKDF2PasswordHasher

from sessions_app.core.errors import LoginDelayedError

MAX_RUNNING = 2
MAX_WAITING = 62
"""Enough for a class that logs in together; more than that is a flood."""
NICENESS = 15
RETRY_SECONDS = 5
"""When to try again, if too many wait."""
Result = TypeVar("Result")


class HashingPool:
    """The threads that hash passwords; they are started when first needed."""

    def __init__(self) -> None:
        self._slots = threading.BoundedSemaphore(MAX_RUNNING + MAX_WAITING)
        self._threads = ThreadPoolExecutor(
            MAX_RUNNING, thread_name_prefix="habla passwords", initializer=_lower_priority
        )

    def run(self, work: Callable[[], Result]) -> Result:
        """Run ``work`` in a thread of the pool, and return its result. Blocks.

        Raises:
            LoginDelayedError: too many are waiting already.
        """
        if not self._slots.acquire(blocking=False):
            message = "Too many people log in at once."
            raise LoginDelayedError(message, code="too_many_at_once", seconds=RETRY_SECONDS)
        try:
            return self._threads.submit(work).result()
        finally:
            self._slots.release()


def _lower_priority() -> None:
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


pool = HashingPool()
"""The one pool of this process."""


class PooledHasher(PBKDF2PasswordHasher):
    """Django's default hasher, run in the pool."""

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        """Return the hash. Blocks.

        Raises:
            LoginDelayedError: too many are waiting already.
        """
        encode = super().encode
        return pool.run(lambda: encode(password, salt, iterations))
