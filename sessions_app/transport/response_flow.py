"""How much of a response a client takes: whoever sends one waits for it.

Under Daphne ``send`` neither blocks nor reports what it buffers, as with WebSockets (H11): a sound
of 900 MB lay in memory while its first seconds were heard.
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

logger = logging.getLogger(__name__)

STALL_SECONDS = 60.0
"""How long a client may take nothing of what it asked for; nginx's ``send_timeout`` too."""
LOOK_SECONDS = 2.0
"""How often a client that is slow is looked at."""
UNSENT_BYTES = 128 * 1024
"""How much the kernel may keep of what is not yet on its way to a client (TCP_NOTSENT_LOWAT)."""


@implementer(IPushProducer)
class ResponseFlow:
    """What the transport says of its buffer while one response is sent; made before the first byte.

    ``request`` is Daphne's, which is Twisted's.
    """

    def __init__(self, request: Any) -> None:
        self._request = request
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._moved_at = monotonic()
        request.registerProducer(self, True)

    @property
    def stalled_seconds(self) -> float:
        """How long the client has taken nothing, as far as was looked; 0: it has all."""
        return 0.0 if self._has_room.is_set() else monotonic() - self._moved_at

    async def room(self) -> None:
        """Wait until the client took what it was sent, or is gone.

        One that takes nothing at all for STALL_SECONDS is hung up on.
        """
        left, self._moved_at = self._left(), monotonic()
        while not self._has_room.is_set():
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._has_room.wait()
            except TimeoutError:
                if (now_left := self._left()) != left:
                    left, self._moved_at = now_left, monotonic()
                elif monotonic() - self._moved_at >= STALL_SECONDS:
                    self._hang_up()

    def detach(self) -> None:
        """Watch no more: all of the response is written."""
        self._request.unregisterProducer()

    def _left(self) -> int:
        """Return how many bytes the kernel still keeps for the client."""
        return unacknowledged(self._request.channel.transport)

    def _hang_up(self) -> None:
        logger.info("a client that took nothing of a response for %g s is cut off", STALL_SECONDS)
        self._has_room.set()
        self._request.channel.forceAbortClient()

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


def unacknowledged(transport: Any) -> int:
    """Return how many bytes the kernel has of what was sent, and the peer does not; 0: unknown."""
    try:
        answer = fcntl.ioctl(transport.getHandle().fileno(), termios.TIOCOUTQ, bytes(4))
    except (OSError, ValueError, AttributeError):  # closed, or no socket
        return 0
    return int(struct.unpack("i", answer)[0])
