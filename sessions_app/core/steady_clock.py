"""A time of day that does not jump when somebody sets the system clock.

What begins and ends in one process is dated by one monotonic count of seconds, which goes on while
the machine sleeps: so nothing ends before it began, and every duration is true.
"""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
STATE_NAME = "clock.json"
"""File in the run directory in which the state is saved for the next process."""
JUMP_SECONDS = 60.0
"""A correction of the system clock up to this size does not count as a jump."""
BELIEVED_SECONDS = 86_400.0
"""How long a clock set forward must stay so until it is believed, also for deleting old data."""


def elapsed() -> float:
    """Return seconds since some moment, on Linux including the time that the machine slept."""
    try:
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    except (AttributeError, OSError):  # not Linux
        return time.monotonic()


class SteadyClock:
    """The time of day at its creation, plus the seconds since then."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        count: Callable[[], float] = elapsed,
    ) -> None:
        self._wall = wall
        self._count = count
        self._offset = self._difference()
        self._least_offset = self._offset
        self._saved_offset: float | None = None
        self._set_to, self._set_at = self._offset, 0.0
        """The offset to which the system clock was set forward, and when that was noticed."""

    def now(self) -> datetime:
        """Return the time, which never jumps; it may differ from the system clock."""
        return _moment(self._offset + self._count())

    def earliest(self) -> datetime:
        """Return the earliest time that it may be, for deciding what is old enough to be deleted.

        A system clock that was set forward makes nothing old until it has stayed so for
        BELIEVED_SECONDS, if this process noticed, or one before it (``restore``).
        """
        self.check()
        return _moment(self._least_offset + self._count())

    def check(self) -> float:
        """Check the system clock; return by how many seconds it was just set forward, or 0."""
        offset, count = self._difference(), self._count()
        if offset - self._least_offset <= JUMP_SECONDS:
            self._least_offset = min(self._least_offset, offset)
            self._set_to = offset
        elif abs(offset - self._set_to) > JUMP_SECONDS:
            self._set_to, self._set_at = offset, count
            return offset - self._least_offset
        elif count - self._set_at >= BELIEVED_SECONDS:
            self._least_offset = offset
        return 0.0

    def sync(self) -> None:
        """Adopt the time of the system clock; to be called while nothing is going on."""
        self._offset = self._difference()

    # --- from one process to the next

    def restore(self, path: Path) -> None:
        """Restore the state that an earlier process saved in ``path``.

        It counts only if the machine was not rebooted since. Without such a file, or if it cannot
        be read, the system clock is believed.
        """
        try:
            saved = json.loads(path.read_text(encoding="ascii"))
            if saved["boot"] == _boot() and self._least_offset - saved["offset"] > JUMP_SECONDS:
                self._least_offset = float(saved["offset"])
                self._set_to, self._set_at = self._difference(), self._count()
        except (OSError, ValueError, KeyError, TypeError):
            return

    def save(self, path: Path) -> None:
        """Save the state in ``path`` for the next process, if it has changed.

        Raises:
            OSError: it cannot be written.
        """
        if self._saved_offset == self._least_offset:
            return
        facts = {"boot": _boot(), "offset": self._least_offset}
        path.write_text(json.dumps(facts), encoding="ascii")
        self._saved_offset = self._least_offset

    def _difference(self) -> float:
        return self._wall() - self._count()


def _boot() -> str:
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


clock = SteadyClock()
"""The clock of this process."""
