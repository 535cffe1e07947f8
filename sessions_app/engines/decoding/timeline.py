"""The clock of a container: the position of its sound, and its gaps. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

TOLERANCE_SECONDS = 0.1
"""How far sound may be from its timestamp before silence is inserted: timestamps jitter."""
STEP_SECONDS = 0.015
"""How late after the one before it a piece must come for a gap: clock drift makes none."""
BACK_SECONDS = 1.0
"""How far back a clock must go to be another one, as that of the next file in a row."""
FILE_CONFIRM_SECONDS = 0.5
"""How long the pieces of a file must agree on a leap of its clock.

Where several packets share one timestamp, as in MPEG-TS, libav makes up those of the others, so
that one wrong timestamp is followed by others.
"""


@dataclass(frozen=True, slots=True)
class TimedSound(Generic[T]):
    """A packet or a frame of sound."""

    content: T
    seconds: float
    """Its length."""
    at_seconds: float | None
    """Its timestamp on the container's clock; None: it has none."""


Placed = tuple[float, T]
"""How many seconds of silence come before a piece, and its content."""


class ContainerClock(Generic[T]):
    """Puts the pieces of one stream where they belong.

    ``allows`` returns whether a gap of so many seconds may be filled with silence; if not, the
    clock is ignored, and the sound continues where it was. The same happens after a leap of the
    clock that the next piece does not confirm, so a piece that leaps is held back until that comes.
    Pieces that follow a leap are held back with it until they reach ``confirm_seconds``; 0: the
    first of them is enough.
    """

    def __init__(
        self, begins_seconds: float, allows: Callable[[float], bool], confirm_seconds: float = 0.0
    ) -> None:
        self._allows = allows
        self._confirm_seconds = confirm_seconds
        self._position = 0.0
        """How much was placed, silence included."""
        self._offset = begins_seconds
        """What the container's clock shows at position 0."""
        self._end = begins_seconds
        """When the last piece ended, on the container's clock."""
        self.reached_seconds = begins_seconds
        """The latest time of the container's clock at the end of any piece."""
        self._leaping: list[TimedSound[T]] = []
        """A piece that leaps, and those that agree with it."""

    def place(self, piece: TimedSound[T]) -> list[Placed[T]]:
        """Return what can be placed now: nothing, ``piece``, or it after those held back."""
        if self._leaping:
            return self._go_on(piece)
        if self._is_leap(piece):
            self._leaping = [piece]
            return []
        return [self._put(piece, 0.0, piece.at_seconds)]

    def end(self) -> list[Placed[T]]:
        """Return the pieces that are held back, if any: no other comes."""
        placed: list[Placed[T]] = []
        while self._leaping:
            placed += self._land_all(is_confirmed=len(self._leaping) > 1)
        return placed

    def _go_on(self, piece: TimedSound[T]) -> list[Placed[T]]:
        if not self._confirms(piece, self._leaping[-1]):
            return [*self._land_all(is_confirmed=False), *self.place(piece)]
        self._leaping.append(piece)
        if self._agreed_seconds() < self._confirm_seconds:
            return []
        return self._land_all(is_confirmed=True)

    def _agreed_seconds(self) -> float:
        """Return the time from the end of the leaping piece to that of the last one held back."""
        first, last = self._leaping[0], self._leaping[-1]
        return max(0.0, _end_of(last) - _end_of(first))

    def _land_all(self, *, is_confirmed: bool) -> list[Placed[T]]:
        first, *others = self._leaping
        self._leaping = []
        placed = [self._land(first, is_confirmed=is_confirmed)]
        for piece in others:  # one of them may leap itself
            placed += self.place(piece) if is_confirmed else [self._put(piece, 0.0, None)]
        return placed

    def _is_leap(self, piece: TimedSound[T]) -> bool:
        if piece.at_seconds is None:
            return False
        step = piece.at_seconds - self._end
        late = piece.at_seconds - self._offset - self._position
        return step < -BACK_SECONDS or (late > TOLERANCE_SECONDS and step > STEP_SECONDS)

    def _confirms(self, piece: TimedSound[T], before: TimedSound[T]) -> bool:
        """Return whether ``piece`` follows ``before``, and is not where that should have been.

        In silence an encoder may leave out all but one packet in twenty.
        """
        if before.at_seconds is None or piece.at_seconds is None:
            return False
        late = piece.at_seconds - before.at_seconds - before.seconds
        is_forward = before.at_seconds > self._end
        return late > -TOLERANCE_SECONDS and (is_forward or late < TOLERANCE_SECONDS)

    def _land(self, piece: TimedSound[T], *, is_confirmed: bool) -> Placed[T]:
        if not is_confirmed or piece.at_seconds is None:
            return self._put(piece, 0.0, None)
        gap = piece.at_seconds - self._offset - self._position
        if piece.at_seconds < self._end or not self._allows(gap):
            self._offset = piece.at_seconds - self._position
            gap = 0.0
        return self._put(piece, max(0.0, gap), piece.at_seconds)

    def _put(self, piece: TimedSound[T], gap: float, at_seconds: float | None) -> Placed[T]:
        self._position += gap + piece.seconds
        self._end = piece.seconds + (self._end if at_seconds is None else at_seconds)
        self.reached_seconds = max(self.reached_seconds, self._end)
        return gap, piece.content


def _end_of(piece: TimedSound[T]) -> float:
    return (piece.at_seconds or 0.0) + piece.seconds
