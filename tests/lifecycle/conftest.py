"""Servers on data directories of their own, and Habla in this process, checked after each test."""

from collections.abc import AsyncIterator

import pytest

from tests.house import House
from tests.lifecycle.invariants import look_at_house
from tests.server.conftest import data_dir, migrated, peopled, peopled_dir

__all__ = ["data_dir", "migrated", "peopled", "peopled_dir"]


@pytest.fixture
async def house(house: House, caplog: pytest.LogCaptureFixture) -> AsyncIterator[House]:
    """Return all of Habla; check, when the test is over, that it leaves nothing behind."""
    yield house
    await house.close()
    await look_at_house(house, caplog)
