"""Back-pressure on HTTP responses: the sender waits until the client has read.

As with WebSockets (backpressure.py), ``send`` under Daphne neither blocks nor reports what it
buffers (H11): a recording of 900 MB lay in memory while its first seconds were listened to.
"""

import asyncio
import fcntl
import logging
import struct
import termios
from time import monotonic
from typing import Any

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from sessions_app.transport.sockets import socket_transport

logger = logging.getLogger(__name__)

STALL_SECONDS = 60.0
"""How long a client may read nothing of a response, as nginx's ``send_timeout``."""
LOOK_SECONDS = 2.0
"""How often a slow client is checked."""
UNSENT_BYTES = 128 * 1024
"""How much the kernel may buffer that is not sent yet (TCP_NOTSENT_LOWAT)."""


@implementer(IPushProducer)
class ResponseFlow:
    """The flow control of one response; made before its first byte is sent.

    ``request`` is Daphne's, which is Twisted's.
    """

    def __init__(self, request: Any) -> None:
        self._request = request
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._progress_at = monotonic()
        request.registerProducer(self, True)

    @property
    def stalled_seconds(self) -> float:
        """How long the client has read nothing; 0: it has read everything."""
        return 0.0 if self._has_room.is_set() else monotonic() - self._progress_at

    async def wait_writable(self) -> None:
        """Wait until the client has read what it was sent, or is disconnected.

        A client that reads nothing for STALL_SECONDS is disconnected.
        """
        unread, self._progress_at = self._unread(), monotonic()
        while not self._has_room.is_set():
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._has_room.wait()
            except TimeoutError:
                if (now_unread := self._unread()) != unread:
                    unread, self._progress_at = now_unread, monotonic()
                elif monotonic() - self._progress_at >= STALL_SECONDS:
                    self._disconnect()

    def detach(self) -> None:
        """Stop watching: all of the response is written."""
        self._request.unregisterProducer()

    def _unread(self) -> int:
        """Return how many bytes the kernel still buffers for the client."""
        return unacknowledged_bytes(self._request.channel.transport)

    def _disconnect(self) -> None:
        logger.info(
            "disconnecting a client that read nothing of a response for %g s", STALL_SECONDS
        )
        self._has_room.set()
        self._request.channel.forceAbortClient()

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


def unacknowledged_bytes(transport: Any) -> int:
    """Return how many sent bytes the peer has not acknowledged yet; 0 if unknown."""
    try:
        handle = socket_transport(transport).getHandle()
        answer = fcntl.ioctl(handle.fileno(), termios.TIOCOUTQ, bytes(4))
    except (OSError, ValueError, AttributeError):  # closed, or no socket
        return 0
    return int(struct.unpack("i", answer)[0])
