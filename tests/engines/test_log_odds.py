"""Log odds, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.engines.text.log_odds import LEAST_DOUBT, log_odds, probability_of


@given(st.floats(LEAST_DOUBT, 1 - LEAST_DOUBT))
def test_what_is_made_odds_is_the_same_again(probability: float) -> None:
    assert probability_of(log_odds(probability)) == pytest.approx(probability)


def test_what_is_sure_is_not_taken_for_more_than_nearly_sure() -> None:
    assert log_odds(1.0) == log_odds(1 - LEAST_DOUBT) == pytest.approx(-log_odds(0.0))
    assert log_odds(0.5) == 0
    assert log_odds(0.75) == pytest.approx(1.0986, abs=1e-4)
