"""Whose turn it is: a fair queue of finals and partials, as a pure data structure."""

from collections import deque
from collections.abc import Container
from typing import Generic, TypeVar

Item = TypeVar("Item")


class WorkQueue(Generic[Item]):
    """What waits, by seat.

    Finals come before what is looked for ahead of time, and that before partials. Seats take
    turns, so one with much to say does not keep the others waiting; within a seat the oldest
    final comes first, and of its partials only the newest is kept.
    """

    def __init__(self) -> None:
        # a dict keeps its order: the seat whose turn is next stands first
        self._finals: dict[int, deque[Item]] = {}
        self._ahead: dict[int, deque[Item]] = {}
        self._partials: dict[int, Item] = {}

    @property
    def finals(self) -> int:
        """Return how many finals wait."""
        return sum(len(waiting) for waiting in self._finals.values())

    def add_final(self, seat: int, item: Item) -> None:
        """Let ``item`` wait behind the other finals of ``seat``."""
        self._finals.setdefault(seat, deque()).append(item)

    def add_ahead(self, seat: int, item: Item) -> None:
        """Let ``item`` wait until no final does."""
        self._ahead.setdefault(seat, deque()).append(item)

    def promote(self, seat: int) -> None:
        """Make finals of what ``seat`` has waiting ahead of time."""
        for item in self._ahead.pop(seat, ()):
            self.add_final(seat, item)

    def put_partial(self, seat: int, item: Item) -> Item | None:
        """Let ``item`` wait in the place of the seat's partial; return the one it overtook."""
        overtaken = self._partials.get(seat)
        self._partials[seat] = item
        return overtaken

    def take(self, busy: Container[int]) -> Item | None:
        """Return what comes next, taken out; None if nothing may.

        ``busy`` are the seats that have a partial in the engine: their next one waits.
        """
        for waiting in (self._finals, self._ahead):
            for seat in waiting:
                return _take_first(waiting, seat)
        for seat in self._partials:
            if seat not in busy:
                return self._partials.pop(seat)
        return None

    def withdraw(self, seat: int, item: Item) -> None:
        """Take ``item`` out if it still waits."""
        if self._partials.get(seat) is item:
            del self._partials[seat]
        for queues in (self._finals, self._ahead):
            waiting = queues.get(seat, deque())
            if item in waiting:
                waiting.remove(item)
                if not waiting:
                    del queues[seat]

    def of(self, seat: int) -> list[Item]:
        """Return what waits for ``seat``."""
        partials = [self._partials[seat]] if seat in self._partials else []
        return [*self._finals.get(seat, ()), *self._ahead.get(seat, ()), *partials]

    def clear(self) -> list[Item]:
        """Return all that waits, taken out."""
        seats = dict.fromkeys([*self._finals, *self._ahead, *self._partials])
        items = [item for seat in seats for item in self.of(seat)]
        self._finals.clear()
        self._ahead.clear()
        self._partials.clear()
        return items


def _take_first(waiting: dict[int, deque[Item]], seat: int) -> Item:
    items = waiting.pop(seat)
    item = items.popleft()
    if items:
        waiting[seat] = items
    return item
