"""Voices of real people are told apart by the real encoder; the long form is in the bench.

Where weights or speech cannot be had it is skipped, and says why.
"""

import pytest

from benches.quality import voices
from benches.quality.cache import UnavailableError
from benches.quality.figures import Measured, judged
from tests.environment import WITH_NETWORK

MEASURING_SECONDS = 600


@pytest.fixture
async def measured(monkeypatch: pytest.MonkeyPatch) -> list[Measured]:
    for name, value in WITH_NETWORK.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    try:
        return await voices.measure()
    except UnavailableError as error:
        pytest.skip(f"no voices are told apart here: {error}")


@pytest.mark.quality
@pytest.mark.timeout(MEASURING_SECONDS)
async def test_four_people_are_told_apart_as_well_as_ever(measured: list[Measured]) -> None:
    found = judged(voices.FORM, measured, was_quiet=False)
    worse = [figure for figure in found if not figure.is_reached]
    assert [f"{one.name}: {one.value:.3f}, not {one.target}" for one in worse] == []
    assert any(figure.target for figure in found)


def test_an_equal_error_rate_is_that_of_the_best_threshold() -> None:
    assert voices.equal_error_rate([0.9, 0.8, 0.7], [0.1, 0.2]) == 0
    assert voices.equal_error_rate([0.9, 0.2], [0.8, 0.1]) == pytest.approx(0.5)


def test_purity_counts_what_is_with_the_wrong_people() -> None:
    assert voices.purity(["a", "a", "b", "b"], [1, 1, 2, 2]) == 1
    assert voices.purity(["a", "a", "b", "b"], [1, 1, 1, 2]) == 0.75
