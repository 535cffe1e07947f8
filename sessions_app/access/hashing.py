"""Hashing passwords takes half a second of a processor: two at a time, and after everything else.

A flood of logins would otherwise take the processors from those who are being listened to. The
threads are of their own, and where the system knows priorities of threads (Linux) they have a low
one.
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

MOST_AT_ONCE = 2
MOST_WAITING = 62
"""A class that logs in together waits for its turn; more than that is no class."""
NICENESS = 15
AGAIN_SECONDS = 5
"""After how long to try again, where too many wait."""
Result = TypeVar("Result")


class HashingTurns:
    """The threads that hash, started when the first is needed."""

    def __init__(self) -> None:
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE + MOST_WAITING)
        self._threads = ThreadPoolExecutor(
            MOST_AT_ONCE, thread_name_prefix="habla passwords", initializer=_step_back
        )

    def take(self, work: Callable[[], Result]) -> Result:
        """Return what ``work`` returns, called in its turn. Blocks.

        Raises:
            LoginDelayedError: too many wait already.
        """
        if not self._places.acquire(blocking=False):
            message = "Too many people log in at once."
            raise LoginDelayedError(message, code="too_many_at_once", seconds=AGAIN_SECONDS)
        try:
            return self._threads.submit(work).result()
        finally:
            self._places.release()


def _step_back() -> None:
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


turns = HashingTurns()
"""The process's only ones."""


class PoliteHasher(PBKDF2PasswordHasher):
    """Django's own way of hashing, in its turn."""

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        """Return the hash, made when it is this one's turn.

        Raises:
            LoginDelayedError: too many wait already.
        """
        encode = super().encode
        return turns.take(lambda: encode(password, salt, iterations))
