"""A process counts as dead by the silence that another has observed, whatever clocks say."""

import uuid
from datetime import timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now

from sessions_app.models import SessionState, TranslationSession
from sessions_app.store import liveness, sessions
from sessions_app.store.liveness import GAP_SECONDS, ProcessWatch, SilenceObserver
from tests.sessions_app.kept import keep_conversation, keep_session, the_owner

HOUR = timedelta(hours=1)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def look(observer: SilenceObserver, clock: Clock, seconds: float, **signs: object) -> set[object]:
    clock.now += seconds
    return set(observer.silent(signs))


def test_it_is_silent_after_so_many_seconds_of_looking_without_a_change() -> None:
    clock = Clock()
    observer = SilenceObserver(14, clock)
    looks = [look(observer, clock, 1, one=7, other=second) for second in range(16)]
    assert looks == [set()] * 14 + [{"one"}] * 2


def test_a_sign_that_changes_starts_the_silence_anew_whichever_way_its_clock_went() -> None:
    clock = Clock()
    observer = SilenceObserver(10, clock)
    for sign in (1_000, 5_000, 20):
        assert [look(observer, clock, 5, one=sign) for _ in range(2)] == [set()] * 2
    assert look(observer, clock, 5, one=20) == {"one"}


def test_who_did_not_look_has_seen_no_silence() -> None:
    clock = Clock()
    observer = SilenceObserver(GAP_SECONDS * 2, clock)
    look(observer, clock, 1, one=1)
    assert look(observer, clock, 3600, one=1) == set()
    assert look(observer, clock, 3600, one=1) == {"one"}


def test_what_is_gone_and_comes_back_is_new() -> None:
    clock = Clock()
    observer = SilenceObserver(10, clock)
    look(observer, clock, 1, one=1)
    look(observer, clock, 5)
    assert look(observer, clock, 5, one=1) == set()
    assert look(observer, clock, 5, one=1) == set()
    assert look(observer, clock, 5, one=1) == {"one"}


def test_a_gap_between_two_looks_ends_what_was_looked_for_without_one() -> None:
    clock = Clock()
    watch = ProcessWatch(clock)
    looked = []
    for seconds in (0, 1, GAP_SECONDS, GAP_SECONDS + 1, 2):
        clock.now += seconds
        looked.append(watch.look())
    assert looked == [0, 1, 1 + GAP_SECONDS, 0, 2]


def open_session(boot: str) -> uuid.UUID:
    session = keep_session(keep_conversation(the_owner()), state=SessionState.OPEN)
    TranslationSession.objects.filter(pk=session.pk).update(boot=boot, seen_at=Now())
    return session.pk


def gone(boot: str) -> set[uuid.UUID]:
    rows = TranslationSession.objects.filter(state=SessionState.OPEN)
    return set(liveness.of_dead_processes(rows, boot).values_list("pk", flat=True))


@pytest.mark.django_db
def test_who_was_seen_to_live_does_not_die_of_a_clock_that_is_set() -> None:
    here, elsewhere = sessions.new_boot("here"), sessions.new_boot("there")
    open_session(elsewhere)
    assert gone(here) == set()
    for jump in (HOUR, -2 * HOUR):
        TranslationSession.objects.update(seen_at=F("seen_at") + jump)
        assert gone(here) == set()


@pytest.mark.django_db
def test_nobody_takes_itself_for_dead_and_at_first_sight_the_databases_clock_counts() -> None:
    here, elsewhere = sessions.new_boot("here"), sessions.new_boot("there")
    open_session(here)
    other = open_session(elsewhere)
    TranslationSession.objects.update(seen_at=Now() - HOUR)
    assert gone(here) == {other}
    liveness.stop_watching(here)
    TranslationSession.objects.update(seen_at=Now())
    assert gone(here) == set()
    TranslationSession.objects.update(seen_at=Now() - HOUR)
    assert gone(here) == set()


@pytest.mark.django_db
def test_an_earlier_process_of_the_same_directory_is_gone_at_once() -> None:
    earlier, now = sessions.new_boot("here"), sessions.new_boot("here")
    left = open_session(earlier)
    open_session(now)
    assert gone(now) == {left}


@pytest.mark.django_db
def test_a_dead_process_shows_no_life_when_others_take_or_give_back_its_sessions() -> None:
    earlier, now = sessions.new_boot("here"), sessions.new_boot("here")
    left = [open_session(earlier) for _ in range(4)]
    for number, session_id in enumerate(reversed(left)):  # the newest sign of life goes first
        assert gone(now) == set(left[: len(left) - number])
        TranslationSession.objects.filter(pk=session_id).update(boot=now, seen_at=Now())
    assert gone(now) == set()
    TranslationSession.objects.filter(pk__in=left).update(boot=earlier)
    assert gone(now) == set(left)


@pytest.mark.django_db
def test_a_process_on_a_copy_of_the_same_directory_is_not_gone_once_it_is_seen_to_live() -> None:
    copy, now = sessions.new_boot("here"), sessions.new_boot("here")
    left = open_session(copy)
    assert gone(now) == {left}
    TranslationSession.objects.filter(pk=left).update(seen_at=F("seen_at") + HOUR / 60)
    assert gone(now) == set()
