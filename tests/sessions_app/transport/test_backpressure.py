"""Back-pressure: while too much waits for the consumer, no more is read."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from sessions_app.transport.backpressure import CountingQueue, FlowControl

CHUNK = {"type": "websocket.receive", "bytes": bytes(64 * 1024)}
TEXT = {"type": "websocket.receive", "bytes": None, "text": "x" * 64 * 1024}
TINY = {"type": "websocket.receive", "bytes": b""}


class Transport:
    """A connection that is read from, or not."""

    is_read = True

    def pauseProducing(self) -> None:  # noqa: N802 -- Twisted's name
        self.is_read = False

    def resumeProducing(self) -> None:  # noqa: N802 -- Twisted's name
        self.is_read = True


@dataclass
class Protocol:
    transport: Transport = field(default_factory=Transport)


class Line:
    """One connection, from its transport to its consumer."""

    def __init__(self) -> None:
        protocol = Protocol()
        self.transport = protocol.transport
        self.queue: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()
        self.flow = FlowControl(protocol)
        self.inlet = CountingQueue(self.queue, self.flow)

    def send(self, message: Mapping[str, Any]) -> None:
        """Send ``message`` again and again, as long as it is read."""
        while self.transport.is_read:
            self.inlet.put_nowait(message)

    def take(self) -> None:
        """Take one message, as the consumer does."""
        self.flow.consumed(self.queue.get_nowait())


@pytest.mark.parametrize(
    ("message", "most"), [(CHUNK, 8), (TEXT, 8), (TINY, 1025)], ids=["sound", "text", "tiny"]
)
async def test_whoever_sends_more_than_is_taken_is_not_read(
    message: Mapping[str, Any], most: int
) -> None:
    line = Line()
    line.send(message)
    assert line.queue.qsize() == most


async def test_who_was_not_read_is_read_on_when_half_is_taken() -> None:
    line = Line()
    line.send(CHUNK)
    while not line.transport.is_read:
        line.take()
    assert line.queue.qsize() == 3
    line.send(CHUNK)
    assert line.queue.qsize() == 8


async def test_who_is_always_listened_to_is_always_read() -> None:
    line = Line()
    for _ in range(1000):
        line.inlet.put_nowait(CHUNK)
        line.take()
        assert line.transport.is_read


@pytest.mark.slow
async def test_whoever_could_not_be_seen_to_read_gets_another_turn() -> None:
    flow = Line().flow
    flow.pauseProducing()
    waiting = asyncio.create_task(flow.wait_writable(0.2))
    await asyncio.sleep(0)
    time.sleep(1.4)  # noqa: ASYNC251 -- the process is held up: that is what is tested
    asyncio.get_running_loop().call_later(0.1, flow.resumeProducing)
    assert await waiting


async def test_whoever_does_not_read_has_no_room() -> None:
    flow = Line().flow
    flow.pauseProducing()
    assert not await flow.wait_writable(0.05)
