"""How much a client lets us say: Daphne's send never waits, so the transport is asked itself.

ASGI's ``send`` under Daphne neither blocks nor reports what it buffers: 300 MB for a client that
stopped reading, and nobody noticed (docs/lifecycle.md, H11). Twisted tells a push producer when the
transport's buffer is full and when it is empty again.
"""

import asyncio
from typing import Any

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer


@implementer(IPushProducer)
class Flow:
    """What the transport of one connection says of its buffer."""

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._is_attached = False

    @property
    def is_stalled(self) -> bool:
        """Whether the client takes less than it is sent."""
        return not self._has_room.is_set()

    def attach(self) -> None:
        """Begin to watch; to be called once the handshake is over. May be called twice."""
        if not self._is_attached and self._protocol.transport is not None:
            # the HTTP channel registered itself before the upgrade
            self._protocol.transport.unregisterProducer()
            self._protocol.transport.registerProducer(self, True)
            self._is_attached = True

    async def room(self, seconds: float) -> bool:
        """Wait up to ``seconds`` until the client takes more; return whether it does."""
        try:
            async with asyncio.timeout(seconds):
                await self._has_room.wait()
        except TimeoutError:
            return False
        return True

    def cut(self) -> None:
        """Drop the connection and what is still to be sent on it."""
        self._protocol.dropConnection(abort=True)

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
