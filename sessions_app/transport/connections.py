"""The connections of the server's ports: where there are too many, idle ones are closed first.

Every connection takes a file descriptor, and so do the sound and the decoder of a live session. So
some of them are reserved for sessions. Beyond the rest, idle connections are closed, first those of
the host that has most, oldest first; where none is idle, no connection is accepted until there is
room. If even the reserve is used up, new connections get an error response, by means of a few spare
descriptors.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from time import monotonic
from typing import Any

from twisted.internet import tcp

from sessions_app.core.descriptors import SpareDescriptors, are_exhausted
from sessions_app.transport.peers import peer_user_of
from sessions_app.transport.sockets import socket_transport

logger = logging.getLogger(__name__)

RETRY_SECONDS = 0.2
"""How soon to look for room again, while no connection is accepted."""
WARNING_SECONDS = 10.0
"""How often at most a warning is logged."""
STALLED_SECONDS = 5.0
"""How long a client that reads nothing of its response still counts as busy."""
ACCEPT_BATCH = 16
"""How many connections are accepted in one turn of the event loop."""
EXTRA_CLOSED = 8
"""One of this many idle connections is closed in advance, not to search at every accept."""

WANTED_DESCRIPTORS = 8
"""With fewer left, idle connections are closed: a new one and its page take a few."""
SPARE_DESCRIPTORS = 4
REFUSED_AT_ONCE = 2
"""How many are accepted by the spare ones: each takes one, and a second to find its owner."""
REFUSED_SECONDS = 6.0
"""How long a connection may last that only gets an error response."""


class Connection(tcp.Server):
    """An accepted connection; knows who the peer is, and when it last sent something."""

    def __init__(self, connections: "Connections", *args: Any) -> None:
        super().__init__(*args)
        self.received_at = monotonic()
        self.is_over_limit = connections.is_using_spares or are_exhausted()
        """Whether it took the last descriptor: a request by it can only be refused."""
        self.peer_user = peer_user_of(self.socket)
        self._connections = connections
        connections.opened(self)

    def doRead(self) -> Any:  # noqa: N802 -- Twisted's name
        """Read, and note the time."""
        self.received_at = monotonic()
        return super().doRead()

    def connectionLost(self, reason: Any) -> None:  # noqa: N802 -- Twisted's name
        """Stop counting it."""
        super().connectionLost(reason)
        self._connections.closed(self)


class Connections:
    """All connections of all ports. ``busy`` returns those with a request or session under way."""

    def __init__(self, most: int, busy: Callable[[], Iterable[Any]], reactor: Any) -> None:
        self.most = most
        self._busy = busy
        self._reactor = reactor
        self._open: set[Any] = set()
        self._ports: list[Any] = []
        self._is_waiting = False
        self._warned_at = -WARNING_SECONDS
        self._spare = SpareDescriptors(SPARE_DESCRIPTORS)
        self.is_using_spares = False
        """Whether connections are being accepted by spare descriptors."""

    def watch(self, port: Any) -> None:
        """Manage the connections that ``port`` accepts from now on."""
        self._ports.append(port)
        port.transport = partial(Connection, self)
        port.doRead = partial(self._accept, port.doRead)
        self._spare.hold()

    def _accept_at_once(self, number: int) -> None:
        for port in self._ports:
            port.numberAccepts = number

    @property
    def is_full(self) -> bool:
        """Whether no connection is accepted, since the limit is reached and none is idle."""
        return self._is_waiting

    def opened(self, connection: Connection) -> None:
        """Count a connection, and make room if there are too many."""
        self._open.add(connection)
        # Twisted would accept ever more at once, before anything can be ended
        self._accept_at_once(ACCEPT_BATCH)
        if len(self._open) > self.most:
            # it gets its protocol before the next turn of the loop
            self._reactor.callLater(0, self._make_room)
        if connection.is_over_limit:
            self._reactor.callLater(REFUSED_SECONDS, connection.abortConnection)

    def closed(self, connection: Connection) -> None:
        """Stop counting a connection."""
        self._open.discard(connection)

    def _accept(self, accept: Callable[[], None]) -> None:
        """Accept; if descriptors run out, close idle connections, or else accept to refuse."""
        if are_exhausted(WANTED_DESCRIPTORS) and self._close_idle(1):
            return  # their descriptors are free at the next turn of the loop
        if not are_exhausted():
            # Twisted would close accepted connections if descriptors ran out on the way
            is_short = are_exhausted(WANTED_DESCRIPTORS + ACCEPT_BATCH)
            self._accept_at_once(1 if is_short else ACCEPT_BATCH)
            accept()
        else:
            self._warn("file descriptors are exhausted: new connections get an error response")
            self._accept_to_refuse(accept)

    def _accept_to_refuse(self, accept: Callable[[], None]) -> None:
        self._spare.release()
        self._accept_at_once(REFUSED_AT_ONCE)
        self.is_using_spares = True
        try:
            accept()
        finally:
            self.is_using_spares = False
            if not self._spare.hold():
                self._wait()

    def _make_room(self) -> None:
        if len(self._open) > self.most:
            self._close_idle(len(self._open) - self.most)
        if len(self._open) >= self.most and not self._is_waiting:
            self._warn("no connection is idle: none is accepted until there is room")
            self._wait()

    def _wait(self) -> None:
        """Accept no connection until there is room."""
        if not self._is_waiting:
            self._is_waiting = True
            for port in self._ports:
                port.stopReading()
            self._reactor.callLater(RETRY_SECONDS, self._accept_again)

    def _close_idle(self, least: int) -> int:
        """Close ``least`` idle connections and some more, or all there are; return how many."""
        idle = {one for one in self._open - set(self._busy()) if not one.is_over_limit}
        per_host = Counter(one.getPeer().host for one in idle)
        order = sorted(idle, key=lambda one: (-per_host[one.getPeer().host], one.received_at))
        closed = order[: least + len(order) // EXTRA_CLOSED]
        if closed:
            self._warn(f"too many connections: closing {len(closed)} idle ones")
        for one in closed:
            one.abortConnection()
            self._open.discard(one)
        return len(closed)

    def _accept_again(self) -> None:
        if any(port.disconnecting or not port.connected for port in self._ports):
            return
        if len(self._open) >= self.most:
            self._close_idle(len(self._open) - self.most + 1)
        if len(self._open) < self.most and self._spare.hold():
            self._is_waiting = False
            for port in self._ports:
                port.startReading()
        else:
            self._reactor.callLater(RETRY_SECONDS, self._accept_again)

    def _warn(self, what: str) -> None:
        if monotonic() - self._warned_at >= WARNING_SECONDS:
            self._warned_at = monotonic()
            logger.warning("%s (%d open, limit %d)", what, len(self._open), self.most)


def busy_transports(connections: dict[Any, dict[str, Any]]) -> Iterable[Any]:
    """Yield the transports that have an application running, of Daphne's ``connections``."""
    for protocol, details in list(connections.items()):
        if "disconnected" in details or "application_instance" not in details:
            continue
        flow = details.get("response_flow")
        if flow is not None and flow.stalled_seconds > STALLED_SECONDS:
            continue
        channel = getattr(protocol, "channel", protocol)  # a WebSocket is its own
        if channel is not None:
            yield socket_transport(channel.transport)
