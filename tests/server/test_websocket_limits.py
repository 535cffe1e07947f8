"""A WebSocket's control frames and fragments, on a transport that keeps what is written."""

import base64
import os
from typing import Any

import pytest
from autobahn.twisted.websocket import WebSocketServerFactory
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from sessions_app.transport.backpressure import FlowControl
from sessions_app.transport.websocket import (
    ALL_FRAMES,
    CONTROL_FRAMES,
    FRAMES_AT_ONCE,
    LOOK_SECONDS,
    MAX_FRAGMENTS,
    REST_SECONDS,
    BoundedWebSocket,
)
from tests.lifecycle.rawclient import frame

TEXT, BINARY, PING, PONG = 1, 2, 9, 10
HANDSHAKE = (
    "GET /ws/session/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n\r\n"
)


def empty(opcode: int) -> bytes:
    """Return an empty frame; with opcode 0 it continues a message."""
    return bytes([opcode | (0x80 if opcode else 0), 0x80]) + bytes(4)


class Open(BoundedWebSocket):
    """A WebSocket that accepts everybody, and keeps the messages."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[bytes] = []

    def onConnect(self, request: Any) -> None:  # noqa: N802
        """Accept everybody."""

    def onOpen(self) -> None:  # noqa: N802
        """Do nothing."""

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803
        """Keep it."""
        self.heard.append(payload)


class Wire(StringTransport):
    """A transport that is not closed yet."""

    connected = True


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def line(clock: Clock) -> Any:
    """Return a WebSocket after its handshake, whose answer was removed from the transport."""
    factory: Any = WebSocketServerFactory(reactor=clock)  # type: ignore[no-untyped-call]
    factory.protocol = Open
    factory.setProtocolOptions(failByDrop=False, openHandshakeTimeout=0)
    line = factory.buildProtocol(None)
    line.makeConnection(Wire())  # type: ignore[no-untyped-call]
    line.dataReceived(HANDSHAKE.encode())
    assert written(line).startswith(b"HTTP/1.1 101 ")
    return line


def written(line: Any) -> bytes:
    """Return what was written since the last look."""
    sent: bytes = line.transport.value()
    line.transport.clear()
    return sent


def take(line: Any, clock: Clock, data: bytes) -> None:
    """Deliver ``data``, and process it as far as no timer is needed."""
    line.dataReceived(data)
    clock.advance(0)


def is_read(line: Any) -> bool:
    return str(line.transport.producerState) == "producing"


def test_a_ping_is_answered_at_once(line: Any) -> None:
    line.dataReceived(frame(b"abc", PING))
    assert written(line) == b"\x8a\x03abc"
    assert is_read(line)


@pytest.mark.parametrize("opcode", [PING, PONG])
def test_of_too_many_the_last_is_answered_and_no_more_is_read_for_a_while(
    line: Any, clock: Clock, opcode: int
) -> None:
    take(line, clock, b"".join(frame(b"%04d" % number, opcode) for number in range(900)))
    answers = written(line)
    assert len(answers) == (6 * CONTROL_FRAMES.burst if opcode == PING else 0)
    assert not is_read(line)
    clock.advance(REST_SECONDS - 0.1)
    assert not is_read(line)
    clock.advance(0.2)
    assert is_read(line)
    assert written(line) == (b"\x8a\x040899" if opcode == PING else b"")
    line.dataReceived(frame(b"hola", TEXT))
    assert line.heard == [b"hola"]


def test_who_does_not_read_is_owed_one_answer_and_read_no_further(line: Any, clock: Clock) -> None:
    line.flow = flow = FlowControl(line)
    flow.pauseProducing()
    line.dataReceived(frame(b"one", PING) + frame(b"two", PING))
    clock.advance(30)
    assert (written(line), is_read(line)) == (b"", False)
    flow.resumeProducing()
    clock.advance(LOOK_SECONDS)
    assert (written(line), is_read(line)) == (b"\x8a\x03two", True)


def test_what_waits_for_the_consumer_is_still_not_read_then(line: Any, clock: Clock) -> None:
    line.flow = flow = FlowControl(line)
    take(line, clock, frame(b"", PING) * 900)
    flow.received({"type": "websocket.receive", "bytes": bytes(600_000)})
    clock.advance(REST_SECONDS + 1)
    assert not is_read(line)
    flow.consumed({"type": "websocket.receive", "bytes": bytes(600_000)})
    assert is_read(line)


@pytest.mark.parametrize("opcode", [0, TEXT, BINARY, PONG])
def test_of_many_frames_few_are_taken_at_once_and_no_more_is_read(
    line: Any, clock: Clock, opcode: int
) -> None:
    begun: list[int] = []
    take_frame = line.onFrameBegin

    def begin_frame() -> None:
        begun.append(1)
        take_frame()

    line.onFrameBegin = begin_frame
    line.dataReceived((b"\x01\x80" + bytes(4) if opcode == 0 else b"") + empty(opcode) * 900)
    assert (len(begun), is_read(line)) == (FRAMES_AT_ONCE, False)
    clock.advance(0)
    assert len(begun) == (901 if opcode == 0 else 900)
    assert is_read(line) == (opcode != PONG)


def test_frames_that_come_without_end_are_taken_at_their_rate(line: Any, clock: Clock) -> None:
    most = int(ALL_FRAMES.burst)
    take(line, clock, empty(BINARY) * 12 * most)
    assert len(line.heard) == most
    for _ in range(1000):
        clock.advance(0.01)
    assert len(line.heard) == pytest.approx(most + 10 * ALL_FRAMES.per_second, rel=0.05)
    assert not is_read(line)


def test_whoever_lets_more_come_meanwhile_lets_no_more_be_kept(line: Any) -> None:
    line.dataReceived(empty(BINARY) * 900)
    line.transport.resumeProducing()
    line.dataReceived(empty(BINARY))
    assert not is_read(line)


def test_a_message_may_come_in_pieces_but_not_in_any_number(line: Any, clock: Clock) -> None:
    begun, piece, last = b"\x01\x80" + bytes(4), b"\x00\x80" + bytes(4), b"\x80\x80" + bytes(4)
    for _ in range(2):
        take(line, clock, begun + piece * (MAX_FRAGMENTS - 2) + last)
        clock.pump([0.1] * 100)
    assert line.heard == [b"", b""]
    take(line, clock, begun + piece * (MAX_FRAGMENTS + 5))
    clock.pump([0.1] * 100)
    closing = written(line)
    assert (closing[:1], closing[2:4]) == (b"\x88", (1009).to_bytes(2, "big"))
