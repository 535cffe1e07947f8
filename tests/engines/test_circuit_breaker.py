"""A breaker opens after failures, tries once after its rest, and closes when that went well."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.core.errors import EngineBusyError, EngineError
from sessions_app.engines.translation.circuit_breaker import (
    FAILURES,
    LONGEST_REST_SECONDS,
    BreakerState,
    CircuitBreaker,
)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def fail(breaker: CircuitBreaker, error: EngineError | None = None) -> None:
    with suppress(EngineError), breaker.attempt():
        raise error or EngineError("It failed.")


def succeed(breaker: CircuitBreaker) -> None:
    with breaker.attempt():
        pass


def test_it_opens_after_three_failures_in_a_row(clock: Clock) -> None:
    breaker = CircuitBreaker(clock=clock)
    states = []
    for _ in range(FAILURES):
        fail(breaker)
        states.append(breaker.state)
    assert states == [BreakerState.CLOSED, BreakerState.CLOSED, BreakerState.OPEN]
    assert not breaker.allows


def test_a_success_between_failures_forgives_them(clock: Clock) -> None:
    breaker = CircuitBreaker(clock=clock)
    for _ in range(FAILURES):
        fail(breaker)
        fail(breaker)
        succeed(breaker)
    assert breaker.state is BreakerState.CLOSED


def test_when_it_has_rested_one_may_try(clock: Clock) -> None:
    breaker = CircuitBreaker(clock=clock)
    fail(breaker, EngineBusyError("Later.", rest_seconds=7))
    clock.now += 6.9
    assert not breaker.allows
    clock.now += 0.2
    assert breaker.state is BreakerState.HALF_OPEN
    with breaker.attempt():
        assert not breaker.allows
    assert (breaker.state, breaker.allows) == (BreakerState.CLOSED, True)


def test_a_trial_that_fails_opens_it_for_longer_up_to_a_limit(clock: Clock) -> None:
    breaker = CircuitBreaker(clock=clock)
    rests = []
    fail(breaker, EngineBusyError("Later.", rest_seconds=5))
    for _ in range(5):
        begun_at = clock.now
        while not breaker.allows:
            clock.now += 1
        rests.append(clock.now - begun_at)
        fail(breaker)
    assert rests == [5, 10, 20, 40, LONGEST_REST_SECONDS]


def test_a_trial_that_is_cancelled_leaves_it_to_the_next(clock: Clock) -> None:
    breaker = CircuitBreaker(clock=clock)
    fail(breaker, EngineBusyError("Later.", rest_seconds=5))
    clock.now += 5
    with suppress(KeyboardInterrupt), breaker.attempt():
        raise KeyboardInterrupt
    assert (breaker.state, breaker.allows) == (BreakerState.HALF_OPEN, True)


def test_a_rest_is_cut_short_once_until_the_next_success(clock: Clock) -> None:
    breaker = CircuitBreaker(clock=clock)
    busy = EngineBusyError("Later.", rest_seconds=7)
    allowed = []
    for _ in range(2):
        fail(breaker, busy)
        breaker.cut_rest_short()
        allowed.append(breaker.allows)
    clock.now += 7
    succeed(breaker)
    fail(breaker, busy)
    breaker.cut_rest_short()
    allowed.append(breaker.allows)
    assert allowed == [True, False, True]


@pytest.mark.slow
@given(st.lists(st.sampled_from(["fail", "succeed", "wait", "busy"])))
def test_it_always_lets_somebody_try_again(steps: list[str]) -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock=clock)
    for step in steps:
        if step == "wait":
            clock.now += 3
        elif breaker.allows and step == "succeed":
            succeed(breaker)
        elif breaker.allows:
            fail(breaker, EngineBusyError("", rest_seconds=1e9) if step == "busy" else None)
    clock.now += LONGEST_REST_SECONDS
    assert breaker.allows
