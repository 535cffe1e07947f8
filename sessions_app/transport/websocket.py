"""One WebSocket below its messages: limits on frames of every kind.

autobahn answers each ping at once, even to a client that does not read the answers, and keeps each
fragment of a message, even an empty one. The layers above see neither. And it processes all frames
of one read without a break: ten thousand empty ones would block the event loop.
"""

from sessions_app.core.token_buckets import Bucket, Rate
from sessions_app.transport.backpressure import FlowControl
from sessions_app.transport.handshake import Handshake

CONTROL_FRAMES = Rate(burst=100, per_second=20)
"""Rate of pings and pongs: programs send about one in ten seconds, browsers none."""
REST_SECONDS = 4.0
"""Longest pause in reading from a client that sends more: less than a ping's time limit."""
LOOK_SECONDS = 0.2
"""How often to check whether a client reads again that is owed a pong."""
MAX_FRAGMENTS = 4_096
"""Frames of one message: enough for 256 KiB in frames of 64 bytes."""
ALL_FRAMES = Rate(burst=1_000, per_second=500)
"""Rate of all frames; sound in chunks of 10 ms, at twice its speed, is 200 a second."""
FRAMES_AT_ONCE = 16
"""How many frames are processed before other work gets a turn: about a millisecond."""
MIN_WAIT_SECONDS = 0.02
"""Shortest pause for a client that exceeds ALL_FRAMES, so as not to wake up for each frame."""


class BoundedWebSocket(Handshake):
    """One WebSocket; the names of its methods are Twisted's and autobahn's.

    ``flow`` is its flow control, once there is an application.
    """

    flow: FlowControl | None = None
    _excess_frames = 0
    _fragments = 0
    _owed_pong: bytes | None = None
    _is_resting = False
    _has_more = False
    """Whether received frames are still to be processed."""

    def connectionMade(self) -> None:  # noqa: N802
        """Begin to count frames."""
        self._control = Bucket(CONTROL_FRAMES)
        self._frames = Bucket(ALL_FRAMES, self.factory.reactor.seconds)
        super().connectionMade()

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        """Process received bytes, without the debug line that autobahn formats for each read."""
        self._dataReceived(data)
        if self._has_more:  # the consumer may have resumed reading meanwhile
            self.transport.pauseProducing()

    def consumeData(self) -> None:  # noqa: N802
        """Process the received frames, a few at a time."""
        if self.state not in (self.STATE_OPEN, self.STATE_CLOSING):
            super().consumeData()
        elif not self._has_more:
            self._process_some()

    def _process_some(self) -> None:
        had_more, wait = self._has_more, self._process_frames()
        self._has_more = wait is not None
        if wait is not None:
            self.transport.pauseProducing()
            self.factory.reactor.callLater(wait, self._process_some)
        elif self._excess_frames and not self._is_resting:
            self._is_resting = True
            self.transport.pauseProducing()
            self._resume_in(min(REST_SECONDS, self._excess_frames / CONTROL_FRAMES.per_second))
        elif had_more and not self._is_resting:
            self._resume_reading()

    def _process_frames(self) -> float | None:
        """Process some frames; return in how many seconds to go on, None: all are processed."""
        processed = 0
        while self.state != self.STATE_CLOSED:
            if self.current_frame is None:
                if processed == FRAMES_AT_ONCE:
                    return 0.0
                if wait := self._frames.take():
                    return max(wait, MIN_WAIT_SECONDS)
                processed += 1
            if not self.processData():
                return None
        return None

    def onPing(self, payload: bytes) -> None:  # noqa: N802
        """Send a pong; beyond the rate, only for the last ping (RFC 6455, 5.5.3)."""
        self._count()
        if self._excess_frames or self._is_stalled():
            self._excess_frames = max(1, self._excess_frames)
            self._owed_pong = payload
        else:
            self.sendPong(payload)

    def onPong(self, payload: bytes) -> None:  # noqa: N802
        """Count a pong, wanted or not."""
        self._count()

    def onMessageBegin(self, isBinary: bool) -> None:  # noqa: N802, N803
        """Begin a message."""
        self._fragments = 0
        super().onMessageBegin(isBinary)

    def onMessageFrameBegin(self, length: int) -> None:  # noqa: N802
        """Begin a frame of a message."""
        super().onMessageFrameBegin(length)
        self._fragments += 1
        if self._fragments > MAX_FRAGMENTS and not self.failedByMe:
            reason = f"a message in more than {MAX_FRAGMENTS} frames"
            self._max_message_size_exceeded(self._fragments, MAX_FRAGMENTS, reason)

    def _count(self) -> None:
        self._excess_frames += self._control.take() > 0

    def _is_stalled(self) -> bool:
        return self.flow is not None and self.flow.is_stalled

    def _resume_in(self, seconds: float) -> None:
        self.factory.reactor.callLater(seconds, self._resume_if_read)

    def _resume_if_read(self) -> None:
        """Resume reading, unless a pong is owed to a client that does not read."""
        if self.state != self.STATE_OPEN:
            self._resume_reading()
        elif self._owed_pong is not None and self._is_stalled():
            self._resume_in(LOOK_SECONDS)
        else:
            owed, self._owed_pong = self._owed_pong, None
            if owed is not None:
                self.sendPong(owed)
            self._resume_reading()

    def _resume_reading(self) -> None:
        self._excess_frames, self._is_resting = 0, False
        is_reading_paused = self.flow is not None and self.flow.is_reading_paused
        if self.transport.connected and not is_reading_paused and not self._has_more:
            self.transport.resumeProducing()
