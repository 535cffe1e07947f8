"""Fixtures: all of Habla with fake engines in this process, and clients that connect to it."""

import shutil
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from sessions_app import routing
from sessions_app.access import rate_limits
from sessions_app.config import conf
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
    """Reset all rate limits before each test."""
    rate_limits.reset_rates()
    allowance.reset_allowances()
    routing.reset_connection_rates()


@pytest.fixture(autouse=True)
def signals_as_before() -> Iterator[None]:
    """Restore the signal handlers that a test's command replaced, even if it was interrupted."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell starts what runs behind it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        if signal.getsignal(number) is not handler:
            signal.signal(number, handler)


@pytest.fixture
async def house(transactional_db: None, settings: Any) -> AsyncIterator[House]:
    """Return all of Habla, serving with fake engines in this process, without a port."""
    # what a process of another test was to go on with lies there still, as its rows do not
    for left in conf.recordings_dir().glob("*"):
        shutil.rmtree(left, ignore_errors=True)
    house = House(settings)
    await house.open()
    yield house
    await house.close()


@pytest.fixture
def connect(house: House) -> Connect:
    """Return a function that opens a connection: `async with connect() as browser`."""
    return client
