"""The one clock of a session: pauses count, and what is faster than speech delays what follows."""

from sessions_app.core.audio import to_samples
from sessions_app.pipeline.timeline import Timeline


class Watch:
    """A count of seconds that a test sets."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_it_counts_from_when_it_was_begun() -> None:
    watch = Watch()
    timeline = Timeline(watch)
    watch.seconds += 2.5
    assert timeline.place(timeline.now()) == to_samples(2.5)


def test_a_pause_between_two_listening_periods_counts() -> None:
    watch = Watch()
    timeline = Timeline(watch)
    watch.seconds += 3
    timeline.reach(to_samples(3))
    watch.seconds += 60
    assert timeline.place(timeline.now()) == to_samples(63)


def test_what_waited_for_its_turn_stands_where_it_came() -> None:
    watch = Watch()
    timeline = Timeline(watch)
    watch.seconds += 1
    asked_sample = timeline.now()
    watch.seconds += 9
    assert timeline.place(asked_sample) == to_samples(1)


def test_sound_that_comes_at_once_lasts_as_long_as_it_is() -> None:
    watch = Watch()
    timeline = Timeline(watch)
    timeline.reach(to_samples(600))
    watch.seconds += 5
    first = timeline.place(timeline.now())
    watch.seconds += 5
    assert (first, timeline.place(timeline.now())) == (to_samples(605), to_samples(610))


def test_it_never_goes_back_behind_what_was_heard() -> None:
    watch = Watch()
    timeline = Timeline(watch)
    asked_sample = timeline.now()
    watch.seconds += 4
    timeline.reach(to_samples(4))
    assert timeline.place(asked_sample) == to_samples(4)
