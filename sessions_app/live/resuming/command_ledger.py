"""Which numbered commands were taken, so that none is done twice, nor left out."""

from collections.abc import Iterable


class CommandLedger:
    """The numbers of a client's commands, which grow, and which of them are not done yet.

    A command is done when it leaves nothing that only this process knows: its rows are written, or
    it has none. ``due``: those that another process took, and had not done when it died; they are
    taken when they come again.
    """

    def __init__(self, highest: int = 0, due: Iterable[int] = ()) -> None:
        self.highest = highest
        """The highest number that was taken."""
        self._again = set(due)
        self._undone: set[int] = set()

    @property
    def told(self) -> int:
        """The number up to which a client need not send its commands again."""
        return min(self._again) - 1 if self._again else self.highest

    @property
    def undone(self) -> list[int]:
        """Those that were taken and are not done, in order."""
        return sorted(self._again | self._undone)

    def is_new(self, number: int | None) -> bool:
        """Return whether a command is to be done: it has no number, or one not taken before."""
        return number is None or number > self.highest or number in self._again

    def take(self, number: int | None) -> None:
        """Take a command."""
        if number is not None:
            self._again.discard(number)
            self._undone.add(number)
            self.highest = max(self.highest, number)

    def finish(self, number: int | None) -> None:
        """Note that a command is done."""
        if number is not None:
            self._undone.discard(number)
