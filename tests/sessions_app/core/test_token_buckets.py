"""Tests of token buckets, on a clock that is moved by hand."""

from contextlib import suppress

import pytest

from sessions_app import protocol
from sessions_app.consumers.allowance import (
    COMMANDS_BY_USER,
    ROWS_BY_USER,
    SESSIONS_BY_OPERATOR,
    SESSIONS_BY_USER,
    TYPED,
    TYPED_BY_USER,
    CommandRates,
    count_new_session,
)
from sessions_app.core.errors import RefusedError, TooFastError
from sessions_app.core.events import Direction
from sessions_app.core.token_buckets import Bucket, Buckets, Rate


class Clock:
    """A clock in seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_all_that_a_bucket_has_can_be_taken():
    clock = Clock()
    bucket = Bucket(Rate(burst=3, per_second=2), clock)
    assert [bucket.take_all(), bucket.take_all()] == [3, 0]
    clock.now += 0.5
    assert [bucket.take_all(), bucket.take()] == [1, 0.5]


def test_a_bucket_gives_its_burst_and_then_as_it_fills():
    clock = Clock()
    bucket = Bucket(Rate(burst=3, per_second=2), clock)
    assert [bucket.take() for _ in range(4)] == [0, 0, 0, 0.5]
    clock.now += 0.5
    assert [bucket.take(), bucket.take()] == [0, 0.5]
    clock.now += 3600
    assert [bucket.take() for _ in range(4)] == [0, 0, 0, 0.5]


def test_what_costs_more_than_a_burst_is_given_when_the_bucket_is_full():
    clock = Clock()
    bucket = Bucket(Rate(burst=3, per_second=1), clock)
    assert bucket.take(10) == 0
    assert bucket.take(10) == 3
    clock.now += 3
    assert bucket.take(10) == 0


def test_everybody_has_a_bucket_and_the_oldest_are_forgotten():
    buckets = Buckets(Rate(burst=1, per_second=0.001), most=2, clock=Clock())
    waits = [buckets.of(who).take() for who in ("a", "b", "a", "b")]
    assert [wait > 0 for wait in waits] == [False, False, True, True]
    buckets.of("c")
    assert buckets.of("a").take() == 0


def typed(text: str = "hola") -> protocol.TextInput:
    return protocol.TextInput(type="text_input", text=text, speaker_id=None)


def taken(allowance: CommandRates, command: protocol.ClientCommand, most: int = 1000) -> int:
    """Return how many of ``most`` commands at once are accepted."""
    count, waits = 0, [0.1]
    for _ in range(most):
        try:
            allowance.check(command)
        except TooFastError as error:
            waits.append(error.retry_after_seconds)
            continue
        count += 1
    assert min(waits) > 0
    return count


def test_typed_text_is_taken_by_the_session_and_by_the_user():
    assert taken(CommandRates(-1), typed()) == pytest.approx(TYPED.burst, abs=3)
    assert taken(CommandRates(-2), typed("x" * 1999)) == pytest.approx(TYPED.burst / 4, abs=3)
    many = sum(taken(CommandRates(-3), typed(), 60) for _ in range(10))
    assert many == pytest.approx(TYPED_BY_USER.burst, abs=6)
    assert taken(CommandRates(-4), typed(), 60) == 60


@pytest.mark.parametrize(
    ("command", "most"),
    [
        (protocol.NewConversation(type="new_conversation"), 20),
        (protocol.SetDirection(type="set_direction", direction=Direction.EN_TO_ES), 60),
        (protocol.StopListening(type="stop_listening"), 60),
        (protocol.Ping(type="ping"), 1000),
    ],
    ids=lambda value: getattr(value, "type", ""),
)
def test_other_commands_are_taken_as_often_as_a_person_means_them(command, most):
    assert taken(CommandRates(-5), command) == pytest.approx(most, abs=2)


@pytest.mark.parametrize(
    ("command", "most"),
    [
        (protocol.NewConversation(type="new_conversation"), ROWS_BY_USER.burst),
        (
            protocol.RenameSpeaker(type="rename_speaker", speaker_id="1", name="Ana"),
            ROWS_BY_USER.burst,
        ),
        (protocol.StopListening(type="stop_listening"), COMMANDS_BY_USER.burst),
    ],
    ids=lambda value: getattr(value, "type", ""),
)
def test_whoever_connects_anew_begins_with_what_the_user_has_left(command, most):
    many = sum(taken(CommandRates(-6), command, 100) for _ in range(20))
    assert many == pytest.approx(most, abs=20)
    assert taken(CommandRates(-7), command, 10) == 10


def test_sessions_are_begun_as_often_as_people_reconnect():
    assert begun(-8, is_operator=False) == pytest.approx(SESSIONS_BY_USER.burst, abs=3)
    assert begun(-9, is_operator=False, most=10) == 10
    assert begun(-8, is_operator=True, most=2_000) == 2_000 < SESSIONS_BY_OPERATOR.burst


def begun(user_id: int, *, is_operator: bool, most: int = 1000) -> int:
    """Return how many sessions in a row a user may begin."""
    count = 0
    with suppress(RefusedError):
        while count < most:
            count_new_session(user_id, is_operator=is_operator)
            count += 1
    if count < most:
        with pytest.raises(RefusedError, match="come back in") as refusal:
            count_new_session(user_id, is_operator=is_operator)
        assert (refusal.value.code, refusal.value.close_code) == ("too_fast", 4013)
    return count
