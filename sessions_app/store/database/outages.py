"""Outages of the database: which errors mean one, and a log line for each outage, not query."""

import logging
import threading
from time import monotonic

from sessions_app.store.database.errors import RetryVerdict, verdict_on

logger = logging.getLogger(__name__)

AGAIN_SECONDS = 60.0
"""How often the log says that an outage still lasts."""
REASON_CHARACTERS = 160
TAKES_NOTHING = "The database takes nothing just now."


def is_outage(error: BaseException) -> bool:
    """Return whether the database fails as a whole, and may come back: it is gone, locked or full.

    Any other error, such as a constraint, is an answer: a retry would bring the same.
    """
    return verdict_on(error) is not RetryVerdict.ANSWER


def reason_of(error: BaseException) -> str:
    """Return in one line, for the log, what the database says."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:REASON_CHARACTERS]


class Outage:
    """Whether the database fails now. Any thread may report it.

    ``waiting`` is how many writes wait for its end, and ``lost`` how many found no room to wait.
    """

    def __init__(self) -> None:
        self.waiting = 0
        self.lost = 0
        self.reason = ""
        """Why it fails; empty: it does not."""
        self._since = 0.0
        self._over_seconds = 0.0
        self._told_at = 0.0
        self._lost_before = 0
        self._lock = threading.Lock()

    @property
    def is_on(self) -> bool:
        """Return whether it fails."""
        return bool(self.reason)

    @property
    def seconds(self) -> float:
        """How long it has failed so far, in this and all earlier outages together."""
        with self._lock:
            return self._over_seconds + (monotonic() - self._since if self.reason else 0.0)

    def failed(self, reason: str) -> None:
        """Note that it failed; the first time, and each AGAIN_SECONDS, a line says so."""
        with self._lock:
            now = monotonic()
            if not self.reason:
                self.reason, self._since, self._lost_before = reason, now, self.lost
                self._told_at = now
                logger.error("%s; what is to be kept waits", reason)
            elif now - self._told_at >= AGAIN_SECONDS:
                self._told_at = now
                logger.error("for %.0f s: %s; %s", now - self._since, reason, self._counts())

    def ended(self) -> None:
        """Note that it took a write; if it had failed, a line says so."""
        with self._lock:
            if self.reason:
                seconds = monotonic() - self._since
                self._over_seconds += seconds
                self.reason = ""
                logger.warning(
                    "the database answers again, after %.1f s; %s", seconds, self._counts()
                )

    def reset(self) -> None:
        """Forget what was noted: whoever asked has closed."""
        with self._lock:
            if self.reason:
                self._over_seconds += monotonic() - self._since
            self.reason = ""

    def _counts(self) -> str:
        lost = self.lost - self._lost_before
        return f"{self.waiting} writes wait for it" + (f", {lost} are lost" if lost else "")
