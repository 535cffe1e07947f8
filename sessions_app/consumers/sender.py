"""Sends to a client with back-pressure: never raises, and holds little for a slow reader."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from sessions_app.consumers.wording import worded
from sessions_app.core.events import Event, Lag, Notice, Numbered, Partial
from sessions_app.protocol import encode
from sessions_app.transport.backpressure import FlowControl

logger = logging.getLogger(__name__)

STALL_SECONDS = 3.0
"""How long a message that must not be lost waits for a client that does not read."""


class Sender:
    """Sends the messages for one client.

    ``send`` sends an ASGI message. ``stalled`` is called once, when the connection of a client that
    does not read was dropped.
    """

    def __init__(
        self,
        send: Callable[[dict[str, Any]], Awaitable[None]],
        flow: FlowControl | None,
        stalled: Callable[[], None],
    ) -> None:
        self._send = send
        self._flow = flow
        self._stalled = stalled
        self.is_operators = False
        """Whether the client is of somebody who runs this server, and is told of commands."""
        self.language = "en"
        """The language of the client's pages."""
        self.is_gone = False
        """Whether nothing can be sent any more."""
        self.dropped = 0
        """How many messages of passing interest were dropped because the client did not read."""

    async def emit(self, event: Event | Numbered) -> None:
        """Send ``event``, unless the client is gone. Waits up to STALL_SECONDS for it to read."""
        if self.is_gone or not await self._has_room(event):
            return
        text = worded(encode(event), self.language, is_operators=self.is_operators)
        await self._deliver({"type": "websocket.send", "text": text})

    async def disconnect(self, code: int) -> None:
        """Close the connection with ``code``; do nothing if it is gone."""
        if not self.is_gone:
            await self._deliver({"type": "websocket.close", "code": code})
            self.is_gone = True

    async def _has_room(self, event: Event | Numbered) -> bool:
        if self._flow is None:
            return True
        self._flow.attach()
        if not self._flow.is_stalled:
            return True
        if _is_passing(event):
            self.dropped += 1
            return False
        if await self._flow.wait_writable(STALL_SECONDS):
            return not self.is_gone
        self._cut(self._flow)
        return False

    def _cut(self, flow: FlowControl) -> None:
        if not self.is_gone:
            self.is_gone = True
            logger.warning("a client that did not read for %g s is cut off", STALL_SECONDS)
            flow.close_slow()
            self._stalled()

    async def _deliver(self, message: dict[str, Any]) -> None:
        try:
            await self._send(message)
        except RuntimeError:  # autobahn: the peer closed while we were sending (H10)
            self.is_gone = True


def _is_passing(event: Event | Numbered) -> bool:
    if isinstance(event, Notice):
        return event.is_passing
    if isinstance(event, Lag):
        return event.seconds > 0  # the message that it is over is not repeated
    return isinstance(event, Partial)
