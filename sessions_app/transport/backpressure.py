"""Back-pressure on a WebSocket, in both directions: neither side may fill the other's buffers.

ASGI's ``send`` under Daphne neither blocks nor reports what it buffers: for a client that stopped
reading it buffered 300 MB, and nobody noticed (docs/lifecycle.md, H11). Twisted tells a push
producer when the transport's buffer is full and when it is empty again. The queue of incoming
messages has no limit either (H12): so reading is paused while too much of it waits.
"""

import asyncio
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from sessions_app.core.token_buckets import Bucket
from sessions_app.transport.sockets import socket_transport

WAITING_BYTES = 512 * 1024
"""How many bytes of received messages may wait for the consumer before reading is paused."""
UNSENT_BYTES = 16 * 1024
"""How much may be unsent before the client counts as stalled: a second for a phone at 20 KB/s."""
KERNEL_BYTES = 16 * 1024
"""The kernel's send buffer (SO_SNDBUF). It doubles that, for its own overhead."""
LATE_SECONDS = 1.0
"""A timer that is this late means that this process was blocked, not that the client is slow."""
CUT_SECONDS = 10.0
"""How long a client that reads slowly may take to read its close code."""
MESSAGE_BYTES = 512
"""Memory that a message takes besides its content."""


@implementer(IPushProducer)
class FlowControl:
    """The flow control of one connection: whether its buffers are full, in either direction."""

    def __init__(self, protocol: Any, code: int = 4409) -> None:
        self._protocol = protocol
        self._code = code
        """The close code for a client that cannot keep up."""
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._is_attached = False
        self._waiting_bytes = 0
        self.is_disconnected = asyncio.Event()
        """Set as soon as the connection is closed, even if received messages still wait."""
        self.is_reading_paused = False
        """Whether reading is paused, since too many messages wait for the consumer."""

    @property
    def is_stalled(self) -> bool:
        """Whether the client reads more slowly than it is sent to."""
        return not self._has_room.is_set()

    def attach(self) -> None:
        """Begin to watch the buffer, once the handshake is over. May be called twice."""
        if not self._is_attached and self._protocol.transport is not None:
            # the HTTP channel registered itself before the upgrade
            self._protocol.transport.unregisterProducer()
            _limit_buffers(socket_transport(self._protocol.transport))
            self._protocol.transport.registerProducer(self, True)
            self._is_attached = True

    async def wait_writable(self, seconds: float) -> bool:
        """Wait up to ``seconds`` until the client reads again; return whether it does.

        While this process was blocked itself, the client had no chance: then it gets another.
        """
        clock = asyncio.get_running_loop().time
        is_late = True
        while is_late:
            due_at = clock() + seconds
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due_at):
                    await self._has_room.wait()
                    return True
            is_late = clock() - due_at > LATE_SECONDS
        return self._has_room.is_set()

    def close_slow(self) -> None:
        """Send the close code, and drop the connection soon, whether that was read or not."""
        self._protocol.closeHandshakeTimeout = 2 * CUT_SECONDS
        self._protocol.sendClose(code=self._code)
        asyncio.get_running_loop().call_later(CUT_SECONDS, self._drop)

    def _drop(self) -> None:
        """Drop the connection; what the kernel has buffered already may still be sent."""
        if self.is_stalled:
            self._protocol.dropConnection(abort=True)
        else:
            self._protocol.transport.loseConnection()

    # --- messages that come in

    def received(self, message: Mapping[str, Any]) -> None:
        """Count ``message`` as waiting for the consumer; pause reading if too much waits."""
        self._waiting_bytes += _size(message)
        if self._waiting_bytes > WAITING_BYTES and not self.is_reading_paused:
            self.is_reading_paused = True
            self._protocol.transport.pauseProducing()

    def consumed(self, message: Mapping[str, Any]) -> None:
        """Count ``message`` as taken by the consumer; resume reading if there is room again."""
        self._waiting_bytes -= _size(message)
        if self.is_reading_paused and self._waiting_bytes <= WAITING_BYTES // 2:
            self.is_reading_paused = False
            self._protocol.transport.resumeProducing()

    # --- called by Twisted, whose names they are

    def pauseProducing(self) -> None:  # noqa: N802
        """Note that the buffer is full."""
        self._has_room.clear()

    def resumeProducing(self) -> None:  # noqa: N802
        """Note that the buffer is empty again."""
        self._has_room.set()

    def stopProducing(self) -> None:  # noqa: N802
        """Wake whoever waits: the connection is closed."""
        self._has_room.set()


async def throttle(messages: Bucket, flow: FlowControl | None) -> None:
    """Yield to other tasks before the next message, and wait if this client's come too fast.

    Only a client that floods waits, and its disconnection is still noticed at once.
    """
    wait = messages.take()
    if flow is None or wait == 0 or flow.is_disconnected.is_set():
        await asyncio.sleep(0)  # getting from a queue that is never empty does not yield
        return
    await pause(wait, flow)
    messages.take()


async def pause(seconds: float, flow: FlowControl | None) -> bool:
    """Wait, but not longer than the connection lasts; return whether it does."""
    if flow is None:
        await asyncio.sleep(seconds)
        return True
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await flow.is_disconnected.wait()
    return not flow.is_disconnected.is_set()


def _limit_buffers(transport: Any) -> None:
    """Limit the send buffers of transport and kernel, so that a slow client is noticed.

    By default the kernel buffers megabytes for a client that reads 2 KB a second.
    """
    transport.bufferSize = UNSENT_BYTES
    with suppress(OSError, AttributeError):  # it is closed already: Twisted then has no socket
        transport.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)


class CountingQueue:
    """Stands in for the consumer's queue in Daphne: it also counts for ``flow`` what comes in."""

    def __init__(self, queue: "asyncio.Queue[Mapping[str, Any]]", flow: FlowControl) -> None:
        self._queue = queue
        self._flow = flow

    def put_nowait(self, message: Mapping[str, Any]) -> None:
        """Count and enqueue a message."""
        self._flow.received(message)
        if message["type"] == "websocket.disconnect":
            self._flow.is_disconnected.set()
        self._queue.put_nowait(message)


def _size(message: Mapping[str, Any]) -> int:
    return MESSAGE_BYTES + len(message.get("bytes") or message.get("text") or "")
