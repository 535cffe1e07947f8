"""A fair queue of finals and partials, as a pure data structure."""

from collections import deque
from collections.abc import Container
from typing import Generic, TypeVar

Item = TypeVar("Item")


class WorkQueue(Generic[Item]):
    """What is waiting, by seat.

    Finals come before speculative work, and that before partials. Seats take turns, so that one
    with much work does not keep the others waiting; within a seat the oldest final comes first, and
    of its partials only the newest is kept. Late work, for which nobody waits now, is taken apart.
    """

    def __init__(self) -> None:
        # a dict keeps its order: the first seat is next
        self._finals: dict[int, deque[Item]] = {}
        self._ahead: dict[int, deque[Item]] = {}
        self._partials: dict[int, Item] = {}
        self._late: dict[int, deque[Item]] = {}

    @property
    def is_awaited(self) -> bool:
        """Return whether anything waits that is not late."""
        return bool(self._finals or self._ahead or self._partials)

    @property
    def finals(self) -> int:
        """Return how many finals are waiting."""
        return sum(len(waiting) for waiting in self._finals.values())

    def add_final(self, seat: int, item: Item) -> None:
        """Add ``item`` behind the other finals of ``seat``."""
        self._finals.setdefault(seat, deque()).append(item)

    def add_ahead(self, seat: int, item: Item) -> None:
        """Add ``item`` as speculative work, to wait until there are no finals."""
        self._ahead.setdefault(seat, deque()).append(item)

    def add_late(self, seat: int, item: Item) -> None:
        """Add ``item`` as late work, behind the other late work of ``seat``."""
        self._late.setdefault(seat, deque()).append(item)

    def put_back(self, seat: int, item: Item) -> None:
        """Add ``item`` as late work again, before the other late work of ``seat``."""
        self._late.setdefault(seat, deque()).appendleft(item)

    def promote(self, seat: int) -> None:
        """Turn the waiting speculative work of ``seat`` into finals."""
        for item in self._ahead.pop(seat, ()):
            self.add_final(seat, item)

    def put_partial(self, seat: int, item: Item) -> Item | None:
        """Replace the waiting partial of ``seat`` with ``item``; return the replaced one."""
        overtaken = self._partials.get(seat)
        self._partials[seat] = item
        return overtaken

    def take(self, busy: Container[int]) -> Item | None:
        """Remove and return the next item that is not late; None if there is none.

        ``busy`` are the seats with a partial in the engine, whose next partial has to wait.
        """
        for waiting in (self._finals, self._ahead):
            for seat in waiting:
                return _take_first(waiting, seat)
        for seat in self._partials:
            if seat not in busy:
                return self._partials.pop(seat)
        return None

    def take_late(self) -> Item | None:
        """Remove and return the next late item; None if there is none."""
        for seat in self._late:
            return _take_first(self._late, seat)
        return None

    def withdraw(self, seat: int, item: Item) -> None:
        """Remove ``item`` if it is still waiting."""
        if self._partials.get(seat) is item:
            del self._partials[seat]
        for queues in (self._finals, self._ahead, self._late):
            waiting = queues.get(seat, deque())
            if item in waiting:
                waiting.remove(item)
                if not waiting:
                    del queues[seat]

    def of(self, seat: int) -> list[Item]:
        """Return what is waiting for ``seat``."""
        partials = [self._partials[seat]] if seat in self._partials else []
        late = self._late.get(seat, ())
        return [*self._finals.get(seat, ()), *self._ahead.get(seat, ()), *partials, *late]

    def clear(self) -> list[Item]:
        """Remove and return everything that is waiting."""
        seats = dict.fromkeys([*self._finals, *self._ahead, *self._partials, *self._late])
        items = [item for seat in seats for item in self.of(seat)]
        self._finals.clear()
        self._ahead.clear()
        self._partials.clear()
        self._late.clear()
        return items


def _take_first(waiting: dict[int, deque[Item]], seat: int) -> Item:
    items = waiting.pop(seat)
    item = items.popleft()
    if items:
        waiting[seat] = items
    return item
