"""How much a client lets us say, and how much we let it say: the transport is asked itself.

ASGI's ``send`` under Daphne neither blocks nor reports what it buffers: 300 MB for a client that
stopped reading, and nobody noticed (docs/lifecycle.md, H11). Twisted tells a push producer when the
transport's buffer is full and when it is empty again. The queue of what came in has no limit either
(H12): while the consumer is busy, no more is read.
"""

import asyncio
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from sessions_app.core.token_buckets import Bucket

WAITING_BYTES = 512 * 1024
"""How much may have come and not been taken before no more is read: two messages of any size."""
UNSENT_BYTES = 16 * 1024
"""How much a client may leave before it has no room. A phone at 20 KB/s takes that in a second."""
KERNEL_BYTES = 16 * 1024
"""How much more of it the kernel takes; it counts twice that, with what a packet costs."""
LATE_SECONDS = 1.0
"""A timer that is so late tells of a process that was held up, not of a client that is slow."""
CUT_SECONDS = 10.0
"""How long a client that reads slowly may take to come to its close code."""
MESSAGE_BYTES = 512
"""What a message takes beside what is in it."""


@implementer(IPushProducer)
class Flow:
    """What the transport of one connection says of its buffer."""

    def __init__(self, protocol: Any, code: int = 4409) -> None:
        self._protocol = protocol
        self._code = code
        """With which a client that cannot keep up is closed."""
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._is_attached = False
        self._waiting_bytes = 0
        self.is_left = asyncio.Event()
        """Set as soon as the connection is gone, whatever of it still waits to be taken."""
        self.is_held_up = False
        """Whether no more is read, since too much waits for the consumer."""

    @property
    def is_stalled(self) -> bool:
        """Whether the client takes less than it is sent."""
        return not self._has_room.is_set()

    def attach(self) -> None:
        """Begin to watch; to be called once the handshake is over. May be called twice."""
        if not self._is_attached and self._protocol.transport is not None:
            # the HTTP channel registered itself before the upgrade
            self._protocol.transport.unregisterProducer()
            _keep_little(self._protocol.transport)
            self._protocol.transport.registerProducer(self, True)
            self._is_attached = True

    async def room(self, seconds: float) -> bool:
        """Wait up to ``seconds`` until the client takes more; return whether it does.

        While this process was held up itself it had no turn: then it gets another.
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

    def cut(self) -> None:
        """Say no more than why, and drop the connection soon, whether or not that is read."""
        self._protocol.closeHandshakeTimeout = 2 * CUT_SECONDS
        self._protocol.sendClose(code=self._code)
        asyncio.get_running_loop().call_later(CUT_SECONDS, self._give_up)

    def _give_up(self) -> None:
        """Leave to the kernel what it has of the last words; drop what it has not taken."""
        if self.is_stalled:
            self._protocol.dropConnection(abort=True)
        else:
            self._protocol.transport.loseConnection()

    # --- the other direction

    def came(self, message: Mapping[str, Any]) -> None:
        """Note that ``message`` waits for the consumer; read no more if too much does."""
        self._waiting_bytes += _size(message)
        if self._waiting_bytes > WAITING_BYTES and not self.is_held_up:
            self.is_held_up = True
            self._protocol.transport.pauseProducing()

    def taken(self, message: Mapping[str, Any]) -> None:
        """Note that the consumer has ``message``; read on if there is room again."""
        self._waiting_bytes -= _size(message)
        if self.is_held_up and self._waiting_bytes <= WAITING_BYTES // 2:
            self.is_held_up = False
            self._protocol.transport.resumeProducing()

    # --- what Twisted calls; the names are Twisted's

    def pauseProducing(self) -> None:  # noqa: N802
        """Note that the buffer is full."""
        self._has_room.clear()

    def resumeProducing(self) -> None:  # noqa: N802
        """Note that the buffer is empty again."""
        self._has_room.set()

    def stopProducing(self) -> None:  # noqa: N802
        """Let nobody wait: the connection is gone."""
        self._has_room.set()


async def in_turn(messages: Bucket, flow: Flow | None) -> None:
    """Let others have their turn before the next message is taken, and wait where they come fast.

    Whoever floods waits for itself alone; that it has left is noticed at once all the same.
    """
    wait = messages.take()
    if flow is None or wait == 0 or flow.is_left.is_set():
        await asyncio.sleep(0)  # a queue that is never empty gives nobody else a turn
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(wait):
            await flow.is_left.wait()
    messages.take()


def _keep_little(transport: Any) -> None:
    """Let neither the transport nor the kernel hide how much a client has not taken yet.

    Left to itself the kernel takes megabytes for one that reads 2 KB a second.
    """
    transport.bufferSize = UNSENT_BYTES
    with suppress(OSError, AttributeError):  # it is closed already: Twisted then has no socket
        transport.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)


class Inlet:
    """What Daphne takes for the consumer's queue: it tells ``flow`` what comes."""

    def __init__(self, queue: "asyncio.Queue[Mapping[str, Any]]", flow: Flow) -> None:
        self._queue = queue
        self._flow = flow

    def put_nowait(self, message: Mapping[str, Any]) -> None:
        """Hand on what came."""
        self._flow.came(message)
        if message["type"] == "websocket.disconnect":
            self._flow.is_left.set()
        self._queue.put_nowait(message)


def _size(message: Mapping[str, Any]) -> int:
    return MESSAGE_BYTES + len(message.get("bytes") or message.get("text") or "")
