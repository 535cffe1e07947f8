"""The time of day, for what must not jump when somebody sets the clock of the machine.

What begins and ends in one process is dated by one count of seconds, which goes on evenly, also
while the machine sleeps: nothing ends before it began, and nothing lasts longer than it did.
"""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
NOTE_NAME = "clock.json"
"""Where the time is noted for the next process; in the run directory."""
JUMP_SECONDS = 60.0
"""By so much a clock may be put right without having been set."""
BELIEVED_SECONDS = 86_400.0
"""After so long a clock that was set forward is believed, also by whoever deletes what is old."""


def elapsed() -> float:
    """Return seconds since some moment: while the machine sleeps they go on where it can tell."""
    try:
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    except (AttributeError, OSError):  # not Linux
        return time.monotonic()


class SteadyClock:
    """Tells the time of day that it was when it was begun, and the seconds since then."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        count: Callable[[], float] = elapsed,
    ) -> None:
        self._wall = wall
        self._count = count
        self._offset = self._difference()
        self._least_offset = self._offset
        self._noted_offset: float | None = None
        self._set_to, self._set_at = self._offset, 0.0
        """The difference since the clock was set forward, and when that was."""

    def now(self) -> datetime:
        """Return the time, which goes on evenly; not always that of the machine."""
        return _moment(self._offset + self._count())

    def earliest(self) -> datetime:
        """Return the earliest that it may be, to whoever deletes what is old.

        A clock that is set forward makes nothing old, as far as this process has seen it, or one
        before it (``believe``), until it has stood so for BELIEVED_SECONDS.
        """
        self.look()
        return _moment(self._least_offset + self._count())

    def look(self) -> float:
        """Look at the clock of the machine; return by how many seconds it was set forward just now.

        0 where it was not.
        """
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

    def follow(self) -> None:
        """Take the time of the machine; to be called when nothing is going on."""
        self._offset = self._difference()

    # --- across starts

    def believe(self, path: Path) -> None:
        """Hear from the last process that noted it in ``path`` which time it was.

        That says something only while the machine has not been started anew. Without a note, and
        where it cannot be read, the clock of the machine is believed.
        """
        try:
            noted = json.loads(path.read_text(encoding="ascii"))
            if noted["boot"] == _boot() and self._least_offset - noted["offset"] > JUMP_SECONDS:
                self._least_offset = float(noted["offset"])
                self._set_to, self._set_at = self._difference(), self._count()
        except (OSError, ValueError, KeyError, TypeError):
            return

    def note(self, path: Path) -> None:
        """Note in ``path`` which time it is, for the next process, where that has changed.

        Raises:
            OSError: it cannot be written.
        """
        if self._noted_offset == self._least_offset:
            return
        facts = {"boot": _boot(), "offset": self._least_offset}
        path.write_text(json.dumps(facts), encoding="ascii")
        self._noted_offset = self._least_offset

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
"""Of this process."""
