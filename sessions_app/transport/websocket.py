"""One WebSocket, below its messages: frames that are none are bounded in number too.

autobahn answers each ping at once, also of a client that reads no answer, and keeps each piece of a
message, also an empty one. Nobody above sees either. And it takes all frames of one read in one go:
ten thousand empty ones, for which nobody else would have a turn meanwhile.
"""

from sessions_app.core.token_buckets import Bucket, Rate
from sessions_app.transport.backpressure import Flow
from sessions_app.transport.handshake import Handshake

CONTROL_FRAMES = Rate(burst=100, per_second=20)
"""Pings and pongs: programs send one in ten seconds or so, browsers none."""
REST_SECONDS = 4.0
"""How long nothing is read at most, of whoever sends more: less than a ping may take to answer."""
LOOK_SECONDS = 0.2
"""How soon it is looked again whether a client reads, to which an answer is owed."""
MOST_PIECES = 4_096
"""In how many frames a message may come: 256 KiB in as small ones as a program may have."""
ALL_FRAMES = Rate(burst=1_000, per_second=500)
"""Frames of any kind, also empty ones; sound in pieces of 10 ms, at twice its speed, is 200."""
MOST_AT_ONCE = 16
"""How many frames are taken before others have their turn: about a millisecond."""
LEAST_WAIT_SECONDS = 0.02
"""How long whoever sends more than ALL_FRAMES waits at least, so that it wakes nobody for one."""


class WebSocketLine(Handshake):
    """One WebSocket; the names of its methods are Twisted's and autobahn's.

    ``flow`` is what the application is told of it, once there is one.
    """

    flow: Flow | None = None
    _excess = 0
    _pieces = 0
    _owed: bytes | None = None
    _is_resting = False
    _has_more = False
    """Whether frames that have come are still to be taken."""

    def connectionMade(self) -> None:  # noqa: N802
        """Begin to count."""
        self._control = Bucket(CONTROL_FRAMES)
        self._frames = Bucket(ALL_FRAMES, self.factory.reactor.seconds)
        super().connectionMade()

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        """Take what came, without the line for the debugger that autobahn colours for each."""
        self._dataReceived(data)
        if self._has_more:  # the consumer may have let more come meanwhile
            self.transport.pauseProducing()

    def consumeData(self) -> None:  # noqa: N802
        """Take the frames that have come, a few at a time."""
        if self.state not in (self.STATE_OPEN, self.STATE_CLOSING):
            super().consumeData()
        elif not self._has_more:
            self._take_some()

    def _take_some(self) -> None:
        had_more, wait = self._has_more, self._take_frames()
        self._has_more = wait is not None
        if wait is not None:
            self.transport.pauseProducing()
            self.factory.reactor.callLater(wait, self._take_some)
        elif self._excess and not self._is_resting:
            self._is_resting = True
            self.transport.pauseProducing()
            self._look_after(min(REST_SECONDS, self._excess / CONTROL_FRAMES.per_second))
        elif had_more and not self._is_resting:
            self._let_come()

    def _take_frames(self) -> float | None:
        """Take some frames; return in how many seconds to go on, None: all were taken."""
        taken = 0
        while self.state != self.STATE_CLOSED:
            if self.current_frame is None:
                if taken == MOST_AT_ONCE:
                    return 0.0
                if wait := self._frames.take():
                    return max(wait, LEAST_WAIT_SECONDS)
                taken += 1
            if not self.processData():
                return None
        return None

    def onPing(self, payload: bytes) -> None:  # noqa: N802
        """Answer; of more than may come, the last one alone (RFC 6455, 5.5.3)."""
        self._count()
        if self._excess or self._is_stalled():
            self._excess = max(1, self._excess)
            self._owed = payload
        else:
            self.sendPong(payload)

    def onPong(self, payload: bytes) -> None:  # noqa: N802
        """Take an answer, or what nobody asked for."""
        self._count()

    def onMessageBegin(self, isBinary: bool) -> None:  # noqa: N802, N803
        """Begin a message."""
        self._pieces = 0
        super().onMessageBegin(isBinary)

    def onMessageFrameBegin(self, length: int) -> None:  # noqa: N802
        """Begin a piece of a message."""
        super().onMessageFrameBegin(length)
        self._pieces += 1
        if self._pieces > MOST_PIECES and not self.failedByMe:
            reason = f"a message in more than {MOST_PIECES} pieces"
            self._max_message_size_exceeded(self._pieces, MOST_PIECES, reason)

    def _count(self) -> None:
        self._excess += self._control.take() > 0

    def _is_stalled(self) -> bool:
        return self.flow is not None and self.flow.is_stalled

    def _look_after(self, seconds: float) -> None:
        self.factory.reactor.callLater(seconds, self._go_on)

    def _go_on(self) -> None:
        """Read on, where the client reads too."""
        if self.state != self.STATE_OPEN:
            self._let_come()
        elif self._owed is not None and self._is_stalled():
            self._look_after(LOOK_SECONDS)
        else:
            owed, self._owed = self._owed, None
            if owed is not None:
                self.sendPong(owed)
            self._let_come()

    def _let_come(self) -> None:
        self._excess, self._is_resting = 0, False
        is_held_up = self.flow is not None and self.flow.is_held_up
        if self.transport.connected and not is_held_up and not self._has_more:
            self.transport.resumeProducing()
