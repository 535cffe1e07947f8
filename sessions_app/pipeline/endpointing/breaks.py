"""Breaks in speech that goes on, too short to end it: somebody has taken a breath."""

from collections import deque

QUIET = 0.01
"""How quiet a break is, beside the loudness (energy) of the speech before it: 20 dB below it."""
FEWEST_FRAMES = 3
"""How long it lasts: 96 ms, longer than the mouth is closed within a word."""
SOONEST_FRAMES = 47
"""How much must have been said before it, 1.5 s: no sentence of its own is shorter."""
FOLLOWING_FRAMES = 22
"""How much is heard after it before it is told, 0.7 s: whether a sentence ended shows in that."""


class Breaks:
    """Finds the breaks of one segment, as its frames come."""

    def __init__(self) -> None:
        self._energy = 0.0
        self._frames = 0
        self._quiet = 0
        self._found: deque[int] = deque()

    def hear(self, energy: float, frames: int) -> None:
        """Take the next frame: the segment has so many ``frames`` with it."""
        if energy < QUIET * self._energy / max(1, self._frames):
            self._quiet += 1
            return
        if self._quiet >= FEWEST_FRAMES and frames > SOONEST_FRAMES:
            self._found.append(frames - 1)
        self._quiet = 0
        self._energy += energy
        self._frames += 1

    def take(self, frames: int) -> bool:
        """Return whether there was a break long enough before the end; each is told once."""
        is_found = False
        while self._found and self._found[0] <= frames - FOLLOWING_FRAMES:
            self._found.popleft()
            is_found = True
        return is_found

    def shift(self, frames: int) -> None:
        """Forget the first ``frames`` of the segment, which were cut off."""
        self._found = deque(end - frames for end in self._found if end - frames > SOONEST_FRAMES)
