"""The connections of the server's port: where there are too many, those that do nothing go first.

Every connection takes a descriptor, and so do the sound and the decoder of a live session. So a
part of them is kept for sessions: past it idle connections are ended, those of whoever has most and
the oldest first; where none is idle, nobody is accepted until there is room.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from time import monotonic
from typing import Any

from twisted.internet import tcp

from sessions_app.peers import whose_other_end

logger = logging.getLogger(__name__)

RETRY_SECONDS = 0.2
"""How soon it is looked again for room, once nobody is accepted."""
TELL_SECONDS = 10.0
"""How often the log is told of one and the same trouble."""
STALLED_SECONDS = 5.0
"""How long a client that takes nothing of its response counts as one that does something."""
ACCEPTED_AT_ONCE = 16
"""How many are accepted before anything else is done."""
SPARED = 8
"""Of eight idle connections one is ended at once, so that it is not looked for at every accept."""


class Connection(tcp.Server):
    """One connection that was accepted; knows whose it is, and when it was last heard."""

    def __init__(self, connections: "Connections", *args: Any) -> None:
        super().__init__(*args)
        self.heard_at = monotonic()
        self.whose = whose_other_end(self.socket)
        self._connections = connections
        connections.opened(self)

    def doRead(self) -> Any:  # noqa: N802 -- Twisted's name
        """Read what came."""
        self.heard_at = monotonic()
        return super().doRead()

    def connectionLost(self, reason: Any) -> None:  # noqa: N802 -- Twisted's name
        """Count no more."""
        super().connectionLost(reason)
        self._connections.closed(self)


class Connections:
    """All connections of one port. ``busy`` returns those that somebody is served by now."""

    def __init__(self, most: int, busy: Callable[[], Iterable[Any]], reactor: Any) -> None:
        self.most = most
        self._busy = busy
        self._reactor = reactor
        self._open: set[Any] = set()
        self._port: Any = None
        self._is_waiting = False
        self._told_at = -TELL_SECONDS

    def watch(self, port: Any) -> None:
        """Look after the connections that ``port`` accepts from now on."""
        self._port = port
        port.transport = partial(Connection, self)

    @property
    def is_full(self) -> bool:
        """Whether nobody is accepted, since all connections that there may be are in use."""
        return self._is_waiting

    def opened(self, connection: Connection) -> None:
        """Count one more, and make room where there are too many."""
        self._open.add(connection)
        # Twisted would accept ever more at once, before anything can be ended
        self._port.numberAccepts = ACCEPTED_AT_ONCE
        if len(self._open) > self.most:
            # it has no protocol yet: that comes before the next turn of the loop
            self._reactor.callLater(0, self._make_room)

    def closed(self, connection: Connection) -> None:
        """Count one less."""
        self._open.discard(connection)

    def _make_room(self) -> None:
        if len(self._open) > self.most:
            self._end_idle()
        if len(self._open) >= self.most and not self._is_waiting:
            self._tell("no connection is idle: nobody is accepted until there is room")
            self._is_waiting = True
            self._port.stopReading()
            self._reactor.callLater(RETRY_SECONDS, self._accept_again)

    def _end_idle(self) -> None:
        idle = self._open - set(self._busy())
        per_host = Counter(one.getPeer().host for one in idle)
        order = sorted(idle, key=lambda one: (-per_host[one.getPeer().host], one.heard_at))
        surplus = len(self._open) - self.most
        ended = order[: surplus + len(order) // SPARED]
        if ended:
            self._tell(f"too many connections: {len(ended)} that are idle are ended")
        for one in ended:
            one.abortConnection()
            self._open.discard(one)

    def _accept_again(self) -> None:
        if self._port.disconnecting or not self._port.connected:
            return
        self._end_idle()
        if len(self._open) < self.most:
            self._is_waiting = False
            self._port.startReading()
        else:
            self._reactor.callLater(RETRY_SECONDS, self._accept_again)

    def _tell(self, what: str) -> None:
        if monotonic() - self._told_at >= TELL_SECONDS:
            self._told_at = monotonic()
            logger.warning("%s (%d are open, %d may be)", what, len(self._open), self.most)


def busy_transports(connections: dict[Any, dict[str, Any]]) -> Iterable[Any]:
    """Yield the transports on which an application is at work, of Daphne's ``connections``."""
    for protocol, details in list(connections.items()):
        if "disconnected" in details or "application_instance" not in details:
            continue
        flow = details.get("response_flow")
        if flow is not None and flow.stalled_seconds > STALLED_SECONDS:
            continue
        channel = getattr(protocol, "channel", protocol)  # a WebSocket is its own
        if channel is not None:
            yield channel.transport
