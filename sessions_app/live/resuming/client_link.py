"""A session's link to its client: the connection of the moment, which another may replace."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from sessions_app.core.events import Event, Notice, Numbered
from sessions_app.live.resuming.event_log import EventLog
from sessions_app.protocol import CloseCode

PART_SECONDS = 0.5
"""How long a connection that another replaced may take to be told so."""


@dataclass(frozen=True, slots=True, eq=False)
class ClientConnection:
    """One client's connection, as its session sees it. Neither function ever raises."""

    emit: Callable[[Event | Numbered], Awaitable[None]]
    """Sends an event; does nothing once the client is gone."""
    disconnect: Callable[[int], Awaitable[None]]
    """Closes the connection with a code; does nothing if it is gone."""


@dataclass(slots=True, eq=False)
class _Attachment:
    """A connection, and how far it has come with the session's events."""

    connection: ClientConnection
    sent: int
    """The number of the last event that was handed to it."""
    is_greeted: bool = True
    """Whether it is told events by now; else they are kept for when it is greeted."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by whoever sends: events go out in the order of their numbers."""


class ClientLink:
    """Sends a session's events to its client. Without a ``log`` it has one connection only.

    With one, events are numbered when they are emitted, and whoever attaches gets those that it
    missed before any later one. Unless ``is_greeted``, the first connection has to attach too.
    """

    def __init__(
        self, connection: ClientConnection, log: EventLog | None = None, *, is_greeted: bool = True
    ) -> None:
        self._log = log
        sent = log.newest if log else 0
        self._attachment: _Attachment | None = _Attachment(connection, sent, is_greeted)

    @property
    def connection(self) -> ClientConnection | None:
        """The connection of the moment; None: the client is away."""
        return self._attachment.connection if self._attachment is not None else None

    async def emit(self, event: Event) -> None:
        """Send an event, or keep it for when the client comes back; never raises."""
        is_counted = self._log is not None and self._log.take(event) is not None
        attachment = self._attachment
        if attachment is None:
            return
        if self._log is None:
            await attachment.connection.emit(event)
            return
        async with attachment.turn:
            if is_counted:
                await self._send_missed(attachment, self._log)
            elif attachment is self._attachment:
                await attachment.connection.emit(event)

    async def disconnect(self, code: int) -> None:
        """Close the connection with ``code``."""
        if self._attachment is not None:
            await self._attachment.connection.disconnect(code)

    def detach(self) -> None:
        """Let go of the connection, which is gone."""
        self._attachment = None

    async def attach(self, connection: ClientConnection, greeting: Event, seen: int) -> None:
        """Go on with another connection: send ``greeting``, then every event after ``seen``.

        The connection before it, if there is one, is told that it was replaced, and closed.
        """
        if self._log is None:
            raise RuntimeError("a client that does not resume has one connection")
        before = self._attachment
        self._attachment = attachment = _Attachment(connection, min(seen, self._log.newest))
        try:
            async with attachment.turn:
                await connection.emit(greeting)
                await self._send_missed(attachment, self._log)
        finally:  # its page would wait for ever for what the session tells the other
            if before is not None and before.connection is not connection:
                await _disconnect_replaced(before.connection)

    async def _send_missed(self, attachment: _Attachment, log: EventLog) -> None:
        if not attachment.is_greeted:
            return
        while attachment is self._attachment and (event := log.next_after(attachment.sent)):
            attachment.sent = event.number
            await attachment.connection.emit(event)


async def _disconnect_replaced(connection: ClientConnection) -> None:
    with suppress(TimeoutError):  # a client that does not read is not told
        async with asyncio.timeout(PART_SECONDS):
            await connection.emit(Notice("closed", {"reason": "taken_over"}))
    await connection.disconnect(CloseCode.TAKEN_OVER)
