"""A house with fake engines, and clients that speak to it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from tests.house import Client, House, client

Connect = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture
async def house(transactional_db: None, settings: Any) -> AsyncIterator[House]:
    """Return a house that serves with fake engines, in this process and without a port."""
    house = House(settings)
    await house.open()
    yield house
    await house.close()


@pytest.fixture
def connect(house: House) -> Connect:
    """Return what opens a connection to the house: `async with connect() as browser`."""
    return client
