"""When the next piece of a recording is due: by the clock, at a speed, unless paused."""

import asyncio
from collections.abc import Callable
from contextlib import suppress


class Pacer:
    """The clock of one playback. At speed 0 everything is due at once, unless it is paused.

    ``clock`` is a monotonic clock, in seconds; None: that of the running loop.
    """

    def __init__(self, speed: float, clock: Callable[[], float] | None = None) -> None:
        self._speed = speed
        self.clock = clock or asyncio.get_running_loop().time
        self._begun_at = self.clock()
        self._held_at: float | None = None
        self._is_stopped = False
        self._changed = asyncio.Event()

    @property
    def is_held(self) -> bool:
        """Return whether it is paused."""
        return self._held_at is not None

    def hold(self) -> None:
        """Pause. May be called twice."""
        if self._held_at is None:
            self._held_at = self.clock()
            self._changed.set()

    def go_on(self) -> None:
        """Resume. May be called twice."""
        if self._held_at is not None:
            self._begun_at += self.clock() - self._held_at
            self._held_at = None
            self._changed.set()

    def stop_pacing(self) -> None:
        """Make everything due at once, from now on."""
        self._is_stopped = True
        self._changed.set()

    async def due(self, seconds: float) -> None:
        """Wait until ``seconds`` of the recording should have been heard, and it is not paused."""
        while (left := self._left(seconds)) is None or left > 0:
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._changed.wait()

    def _left(self, seconds: float) -> float | None:
        """Return how long to wait; None: until something changes."""
        if self._is_stopped:
            return 0
        if self._held_at is not None:
            return None
        at = seconds / self._speed if self._speed else 0
        return self._begun_at + at - self.clock() if at else 0
