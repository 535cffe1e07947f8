"""The connections of the server's port: where there are too many, those that do nothing go first.

Every connection takes a descriptor, and so do the sound and the decoder of a live session. So a
part of them is kept for sessions: past it idle connections are ended, those of whoever has most and
the oldest first; where none is idle, nobody is accepted until there is room. Where sessions took
even their part, whoever comes is told so, by a few descriptors that are spared for that.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from time import monotonic
from typing import Any

from twisted.internet import tcp

from sessions_app.core.descriptors import Spare, are_out
from sessions_app.transport.peers import whose_other_end

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

WANTED_DESCRIPTORS = 8
"""With fewer left idle connections are ended: who comes takes one, and the page of theirs a few."""
SPARE_DESCRIPTORS = 4
TOLD_AT_ONCE = 2
"""How many are accepted by those: each takes one, and one more until it is known whose it is."""
TOLD_SECONDS = 6.0
"""How long a connection may last that is only told so."""


class Connection(tcp.Server):
    """One connection that was accepted; knows whose it is, and when it was last heard."""

    def __init__(self, connections: "Connections", *args: Any) -> None:
        super().__init__(*args)
        self.heard_at = monotonic()
        self.is_one_too_many = connections.is_out or are_out()
        """Whether it took the last descriptor: nothing can be opened for who asks by it."""
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
        self._spare = Spare(SPARE_DESCRIPTORS)
        self.is_out = False
        """Whether who is accepted just now has a descriptor of those that are spared."""

    def watch(self, port: Any) -> None:
        """Look after the connections that ``port`` accepts from now on."""
        self._port = port
        port.transport = partial(Connection, self)
        port.doRead = partial(self._accept, port.doRead)
        self._spare.hold()

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
        if connection.is_one_too_many:
            self._reactor.callLater(TOLD_SECONDS, connection.abortConnection)

    def closed(self, connection: Connection) -> None:
        """Count one less."""
        self._open.discard(connection)

    def _accept(self, accept: Callable[[], None]) -> None:
        """Accept who comes. Where nothing can be opened end who is idle, or else tell them so."""
        if are_out(WANTED_DESCRIPTORS) and self._end_idle(1):
            return  # they are gone at the next turn of the loop
        if not are_out():
            # of more than there are descriptors for, Twisted would close those that it has accepted
            is_short = are_out(WANTED_DESCRIPTORS + ACCEPTED_AT_ONCE)
            self._port.numberAccepts = 1 if is_short else ACCEPTED_AT_ONCE
            accept()
        else:
            self._tell("no file can be opened: whoever comes is told so")
            self._accept_to_tell(accept)

    def _accept_to_tell(self, accept: Callable[[], None]) -> None:
        self._spare.let_go()
        self._port.numberAccepts = TOLD_AT_ONCE
        self.is_out = True
        try:
            accept()
        finally:
            self.is_out = False
            if not self._spare.hold():
                self._wait()

    def _make_room(self) -> None:
        if len(self._open) > self.most:
            self._end_idle(len(self._open) - self.most)
        if len(self._open) >= self.most and not self._is_waiting:
            self._tell("no connection is idle: nobody is accepted until there is room")
            self._wait()

    def _wait(self) -> None:
        """Accept nobody until there is room."""
        if not self._is_waiting:
            self._is_waiting = True
            self._port.stopReading()
            self._reactor.callLater(RETRY_SECONDS, self._accept_again)

    def _end_idle(self, least: int) -> int:
        """End ``least`` idle connections and some more, or all there are; return how many."""
        idle = {one for one in self._open - set(self._busy()) if not one.is_one_too_many}
        per_host = Counter(one.getPeer().host for one in idle)
        order = sorted(idle, key=lambda one: (-per_host[one.getPeer().host], one.heard_at))
        ended = order[: least + len(order) // SPARED]
        if ended:
            self._tell(f"too many connections: {len(ended)} that are idle are ended")
        for one in ended:
            one.abortConnection()
            self._open.discard(one)
        return len(ended)

    def _accept_again(self) -> None:
        if self._port.disconnecting or not self._port.connected:
            return
        if len(self._open) >= self.most:
            self._end_idle(len(self._open) - self.most + 1)
        if len(self._open) < self.most and self._spare.hold():
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
