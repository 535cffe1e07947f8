"""A house with fake engines, and clients that speak to it."""

import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from sessions_app import routing
from sessions_app.access import rate_limits
from sessions_app.consumers import allowance
from tests.house import Client, House, client

Connect = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture
def free_port() -> int:
    """Return a port of this machine on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture(autouse=True)
def nobody_asked_before() -> None:
    """Let each test begin with all that may be asked for."""
    rate_limits.reset_rates()
    allowance.reset_allowances()
    routing.reset_connection_rates()


@pytest.fixture(autouse=True)
def signals_as_before() -> Iterator[None]:
    """Give back the signals that a test's command took: one that is interrupted keeps them."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        if signal.getsignal(number) is not handler:
            signal.signal(number, handler)


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
