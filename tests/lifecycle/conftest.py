"""Servers on data directories of their own, and the house, looked at when a test is over."""

from collections.abc import AsyncIterator

import pytest

from tests.house import House
from tests.lifecycle.invariants import look_at_house
from tests.server.conftest import data_dir, migrated

__all__ = ["data_dir", "migrated"]


@pytest.fixture
async def house(house: House, caplog: pytest.LogCaptureFixture) -> AsyncIterator[House]:
    """Return the house; look, when the test is over, at what it has left behind."""
    yield house
    await house.close()
    await look_at_house(house, caplog)
