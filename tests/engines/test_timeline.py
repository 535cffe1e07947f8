"""Sound is placed where its container's clock says, as far as that can be believed."""

from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sessions_app.engines.decoding.expansion import SilenceBudget
from sessions_app.engines.decoding.timeline import ContainerClock, TimedSound

LENGTH = 0.02


def placed(
    times: Iterable[float | None], most_seconds: float = 3600.0, confirm_seconds: float = 0.0
) -> list[float]:
    """The silence before each piece of LENGTH, rounded to milliseconds."""
    timeline = ContainerClock[int](0.0, SilenceBudget(most_seconds).take, confirm_seconds)
    given = [
        gap
        for number, at in enumerate(times)
        for gap, _ in timeline.place(TimedSound(number, LENGTH, at))
    ]
    return [round(gap, 3) for gap in [*given, *(gap for gap, _ in timeline.end())]]


def steadily(count: int, begin: float = 0.0) -> list[float]:
    return [begin + LENGTH * n for n in range(count)]


def test_what_comes_in_time_has_no_gaps() -> None:
    assert placed(steadily(100)) == [0.0] * 100


def test_a_source_that_stalls_leaves_a_gap_of_that_length() -> None:
    assert placed(steadily(10) + steadily(10, 3.2)) == [0.0] * 10 + [3.0] + [0.0] * 9


def test_a_track_may_begin_late() -> None:
    assert placed(steadily(10, 10.0)) == [10.0] + [0.0] * 9


def test_one_false_time_makes_no_gap() -> None:
    times: list[float | None] = [*steadily(10), 500.0, *steadily(10, 0.22)]
    assert placed(times) == [0.0] * 21
    assert placed([*steadily(80), 0.0, *steadily(10, 1.62)]) == [0.0] * 91


def test_one_false_time_makes_no_gap_in_a_file_that_makes_up_the_next_one() -> None:
    times = [*steadily(10), *steadily(4, 500.0), *steadily(50, 0.28)]
    assert placed(times, confirm_seconds=0.5) == [0.0] * 64


def test_a_leap_in_a_file_is_believed_where_what_follows_agrees_or_nothing_follows() -> None:
    times = [*steadily(10), *steadily(30, 3.2), *steadily(3, 9.0)]
    assert placed(times, confirm_seconds=0.5) == [0.0] * 10 + [3.0] + [0.0] * 29 + [5.2, 0.0, 0.0]
    sparse = [0.4 * n for n in range(10)]
    assert round(sum(placed([*sparse, *steadily(3, 4.0)], confirm_seconds=0.5)), 3) == 3.8


def test_a_gap_beyond_the_budget_is_not_believed_and_a_later_one_is() -> None:
    times = steadily(5) + steadily(5, 50.0) + steadily(5, 51.1)
    assert placed(times, most_seconds=10) == [0.0] * 10 + [1.0] + [0.0] * 4


def test_a_clock_that_begins_anew_goes_on_where_it_was() -> None:
    times = steadily(100) + steadily(100) + steadily(5, 5.0)
    assert placed(times) == [0.0] * 200 + [3.0] + [0.0] * 4


def test_what_says_no_time_follows_what_came_before() -> None:
    assert placed([0.0, None, None, 0.06, 2.0, None, None]) == [0.0] * 7
    assert placed([0.0, None, 1.04, 1.06, None]) == [0.0, 0.0, 1.0, 0.0, 0.0]


def test_packets_that_are_lost_one_by_one_are_made_up_for_in_time() -> None:
    lossy = [at for number, at in enumerate(steadily(500)) if number % 5]
    assert abs(sum(placed(lossy)) - 2.0) < 0.15


def test_a_clock_that_goes_a_little_faster_than_its_sound_makes_no_gap() -> None:
    assert sum(placed([at * 1.05 for at in steadily(1000)])) == 0.0


def test_where_hardly_anything_is_sent_while_nobody_speaks_the_time_passes() -> None:
    sparse = [0.4 * n for n in range(10)]
    assert sum(placed([*sparse, *steadily(3, 4.0)])) + 13 * LENGTH == round(4.06, 3)


@given(st.lists(st.floats(0, 1e6) | st.none(), max_size=40), st.sampled_from([0.0, 0.5]))
def test_nothing_is_lost_or_swapped_and_silence_is_bounded(
    times: list[float | None], confirm_seconds: float
) -> None:
    timeline = ContainerClock[int](0.0, SilenceBudget(60).take, confirm_seconds)
    given_: list[tuple[float, int]] = []
    for number, at in enumerate(times):
        given_ += timeline.place(TimedSound(number, LENGTH, at))
    given_ += timeline.end()
    assert [number for _, number in given_] == list(range(len(times)))
    assert all(gap >= 0 for gap, _ in given_)
    assert sum(gap for gap, _ in given_) <= 60
    assert all(one < other for one, other in pairwise(n for _, n in given_))
