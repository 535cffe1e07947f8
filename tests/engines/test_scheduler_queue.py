"""Whose turn it is, by examples and by property."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from sessions_app.engines.scheduler_queue import WorkQueue


def everything(turns: WorkQueue[str], busy: frozenset[int] = frozenset()) -> list[str]:
    taken = []
    while (item := turns.take(busy)) is not None:
        taken.append(item)
    return taken


def test_seats_take_turns_with_the_oldest_of_each_first() -> None:
    turns = WorkQueue[str]()
    for seat, item in [(1, "a1"), (1, "a2"), (1, "a3"), (2, "b1"), (3, "c1"), (2, "b2")]:
        turns.add_final(seat, item)
    assert everything(turns) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_finals_come_before_partials() -> None:
    turns = WorkQueue[str]()
    turns.put_partial(1, "partial")
    turns.add_final(2, "final")
    assert everything(turns) == ["final", "partial"]


def test_of_the_partials_of_a_seat_only_the_newest_is_kept_in_the_oldest_ones_place() -> None:
    turns = WorkQueue[str]()
    assert turns.put_partial(1, "old") is None
    turns.put_partial(2, "other")
    assert turns.put_partial(1, "new") == "old"
    assert everything(turns) == ["new", "other"]


def test_a_seat_with_a_partial_in_the_engine_lets_the_others_go_first() -> None:
    turns = WorkQueue[str]()
    turns.put_partial(1, "mine")
    turns.put_partial(2, "theirs")
    assert everything(turns, busy=frozenset({1})) == ["theirs"]
    assert everything(turns) == ["mine"]


def test_what_is_withdrawn_does_not_come() -> None:
    turns = WorkQueue[str]()
    turns.add_final(1, "one")
    turns.add_final(1, "two")
    turns.put_partial(1, "partial")
    turns.withdraw(1, "one")
    turns.withdraw(1, "partial")
    turns.withdraw(1, "never there")
    assert (turns.finals, everything(turns)) == (1, ["two"])


def test_all_that_waits_can_be_cleared() -> None:
    turns = WorkQueue[str]()
    turns.add_final(1, "final")
    turns.put_partial(1, "partial")
    turns.put_partial(2, "other")
    assert turns.of(1) == ["final", "partial"]
    assert turns.clear() == ["final", "partial", "other"]
    assert (turns.finals, everything(turns)) == (0, [])


@given(st.lists(st.integers(1, 5), max_size=40))
def test_no_final_waits_longer_than_one_round_of_the_seats(seats: list[int]) -> None:
    turns = WorkQueue[tuple[int, int]]()
    for number, seat in enumerate(seats):
        turns.add_final(seat, (seat, number))
    taken = []
    while (item := turns.take(())) is not None:
        taken.append(item)
    assert sorted(taken) == sorted((seat, number) for number, seat in enumerate(seats))
    for seat in set(seats):
        mine = [item for item in taken if item[0] == seat]
        assert mine == sorted(mine)
        places = [taken.index(item) for item in mine]
        assert all(
            after - before <= len(set(seats)) for before, after in itertools.pairwise(places)
        )


def test_what_is_looked_for_ahead_of_time_comes_after_finals_and_before_partials() -> None:
    turns = WorkQueue[str]()
    turns.put_partial(1, "partial")
    turns.add_ahead(2, "ahead")
    turns.add_final(3, "final")
    assert turns.of(2) == ["ahead"]
    assert turns.finals == 1
    assert everything(turns) == ["final", "ahead", "partial"]


def test_what_was_ahead_of_time_is_a_final_once_it_is_due() -> None:
    turns = WorkQueue[str]()
    turns.add_ahead(1, "due")
    turns.add_ahead(2, "ahead")
    turns.add_final(3, "final")
    turns.promote(1)
    turns.promote(9)
    assert turns.finals == 2
    assert everything(turns) == ["final", "due", "ahead"]


def test_what_is_withdrawn_or_cleared_is_not_ahead_any_more() -> None:
    turns = WorkQueue[str]()
    turns.add_ahead(1, "one")
    turns.add_ahead(1, "two")
    turns.withdraw(1, "one")
    assert turns.clear() == ["two"]
    assert everything(turns) == []


def test_late_work_is_taken_apart_and_keeps_its_order() -> None:
    turns = WorkQueue[str]()
    turns.add_late(1, "first")
    turns.add_late(1, "second")
    assert (turns.finals, turns.is_awaited, everything(turns)) == (0, False, [])
    first = turns.take_late()
    assert first == "first"
    turns.put_back(1, first)
    assert turns.of(1) == ["first", "second"]
    turns.withdraw(1, "first")
    assert (turns.take_late(), turns.take_late()) == ("second", None)


def test_all_that_is_not_late_is_awaited() -> None:
    turns = WorkQueue[str]()
    awaited = [turns.is_awaited]
    turns.put_partial(1, "partial")
    awaited.append(turns.is_awaited)
    turns.add_late(2, "late")
    assert turns.clear() == ["partial", "late"]
    assert [*awaited, turns.is_awaited] == [False, True, False]
