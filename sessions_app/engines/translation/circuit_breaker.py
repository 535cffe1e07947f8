"""A circuit breaker: leaves a provider alone for a while after failures, then tries it once."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum

from sessions_app.engines.base import EngineBusyError, EngineError, EngineLoadingError

FAILURES = 3
"""How many failures in a row open the breaker."""
FIRST_REST_SECONDS = 5.0
LONGEST_REST_SECONDS = 60.0
"""How long it stays open: doubled each time, up to this."""


class BreakerState(StrEnum):
    """Whether a provider may be asked."""

    CLOSED = "closed"
    """It works."""
    OPEN = "open"
    """It is left alone."""
    HALF_OPEN = "half_open"
    """The time is over: one request may try it."""


class CircuitBreaker:
    """Counts one provider's failures. ``clock`` is monotonic, in seconds."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._rest_seconds = 0.0
        self._rests_until = 0.0
        self._is_tried = False
        self._was_cut_short = False
        """Whether a rest was cut short since the last success."""
        self.failure = ""
        """The last one, for people."""

    @property
    def state(self) -> BreakerState:
        """Return whether the provider may be asked."""
        if not self._rest_seconds:
            return BreakerState.CLOSED
        is_over = self._clock() >= self._rests_until
        return BreakerState.HALF_OPEN if is_over else BreakerState.OPEN

    @property
    def allows(self) -> bool:
        """Return whether a request may go through; when half open, only one at a time."""
        state = self.state
        return state is BreakerState.CLOSED or (
            state is BreakerState.HALF_OPEN and not self._is_tried
        )

    @contextmanager
    def attempt(self, *, forgiven: tuple[type[EngineError], ...] = ()) -> Iterator[None]:
        """Watch one request. Neither a cancellation nor a loading model counts as a failure.

        Errors that are ``forgiven`` count as successes.
        """
        is_trial = self.state is BreakerState.HALF_OPEN
        self._is_tried = self._is_tried or is_trial
        try:
            yield
        except EngineLoadingError:
            raise
        except EngineError as error:
            if isinstance(error, forgiven):
                self._recovered()
            else:
                self._failed(error)
            raise
        else:
            self._recovered()
        finally:
            if is_trial:
                self._is_tried = False

    def cut_rest_short(self) -> None:
        """Let requests through again, since there is a sign that the provider works.

        Only a success is a proof: until the next one, this does nothing a second time.
        """
        if self._rest_seconds and not self._was_cut_short:
            self._was_cut_short = True
            self._rest_seconds = 0.0

    def _recovered(self) -> None:
        self._failures = 0
        self._rest_seconds = 0.0
        self._was_cut_short = False

    def _failed(self, error: EngineError) -> None:
        self._failures += 1
        self.failure = str(error)
        asked_for = error.rest_seconds if isinstance(error, EngineBusyError) else 0.0
        if not asked_for and self._failures < FAILURES and not self._rest_seconds:
            return
        longer = max(FIRST_REST_SECONDS, 2 * self._rest_seconds)
        self._rest_seconds = min(max(longer, asked_for), LONGEST_REST_SECONDS)
        self._rests_until = self._clock() + self._rest_seconds
