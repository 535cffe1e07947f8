"""One HTTP connection: takes requests of a bounded size in a bounded time, one after another.

Daphne and Twisted take a whole body before anybody is asked, whatever it holds: into memory or a
temporary file (docs/lifecycle.md, H42). So the limits stand here, before the body is read.
"""

import logging
from enum import Enum
from http import HTTPStatus
from time import monotonic
from typing import Any

from twisted.web.http import HTTPChannel

from sessions_app.transport.answers import NO_FILES, RefusalReason, last_answer_to
from sessions_app.transport.limits import (
    BODY_SECONDS,
    HEAD_SECONDS,
    LINGER_SECONDS,
    LOOKERS,
    MAX_BODY_BYTES,
    MAX_HEAD_BYTES,
    MAX_HEADERS,
    MAX_SMALL_CHUNKS,
    MAX_WIRE_BYTES,
    SMALL_BODY_BYTES,
    SMALL_CHUNK_BYTES,
    Bodies,
)

logger = logging.getLogger(__name__)

UNREAD_SECONDS = 60.0
"""How long a client may take to read the last 64 KiB of an answer."""
LATE_SECONDS = 1.0
"""A timer that is so late tells of a process that was held up, not of a slow client."""
PAUSE_SECONDS = 0.01
"""How often more is read from whoever was refused: 64 KiB each time, so that it costs nothing."""


class BodyRefusedError(Exception):
    """Nothing more of a body is taken; it ends Twisted's loop over the chunks that have come."""


class BodyPart(Enum):
    """What of a request comes next."""

    NOTHING = "between two requests"
    HEAD = "the request line or headers"
    BODY = "the body"
    ANSWER = "nothing until it is answered"
    REFUSED = "nothing ever"


LIMITS = {BodyPart.HEAD: HEAD_SECONDS, BodyPart.BODY: BODY_SECONDS}


class HttpChannel(HTTPChannel):  # type: ignore[misc]  # half of Twisted has types
    """Twisted's channel, with limits of its own; the names of its methods are Twisted's."""

    MAX_LENGTH = MAX_HEAD_BYTES
    totalHeadersSize = MAX_HEAD_BYTES  # noqa: N815
    maxHeaders = MAX_HEADERS  # noqa: N815

    def __init__(self, bodies: Bodies) -> None:
        super().__init__()
        self._bodies = bodies
        self._part = BodyPart.NOTHING
        self._timed_part = BodyPart.NOTHING
        self._deadline: Any = None
        self._head_bytes = 0
        self._headers = 0
        self._wire_bytes = 0
        self._body_bytes = 0
        self._small_chunks = 0
        self._large_bytes = 0
        self._path = b""
        self._answered: Any = None

    # --- what comes in

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        """Take what came, and set its time limit."""
        if self._part is BodyPart.REFUSED:
            self._discard()
            return
        if self._part is BodyPart.NOTHING:
            self._part = BodyPart.HEAD
        super().dataReceived(data)
        self._keep_time()

    def lineReceived(self, line: bytes) -> None:  # noqa: N802
        """Take a line of the head."""
        if self._part is BodyPart.REFUSED:
            return
        self._part = BodyPart.HEAD
        self._head_bytes += len(line) + 2
        if self._head_bytes > MAX_HEAD_BYTES:
            self.lineLengthExceeded(line)
            return
        super().lineReceived(line)

    def lineLengthExceeded(self, line: bytes) -> None:  # noqa: N802
        """Refuse a head that does not fit."""
        is_first = not self.requests
        self.refuse(
            HTTPStatus.REQUEST_URI_TOO_LONG
            if is_first
            else HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        )

    def headerReceived(self, line: bytes) -> bool:  # noqa: N802
        """Take a header; return whether it could be taken."""
        self._headers += 1
        if self._headers > MAX_HEADERS:
            self.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            return False
        return bool(super().headerReceived(line))

    def allHeadersReceived(self) -> None:  # noqa: N802
        """Look at the head before anything of the body is asked for or read."""
        if self._part is BodyPart.REFUSED:
            return
        self._head_bytes = self._headers = 0
        request = self.requests[-1]
        status = request.refusal(self._command, self._path, self._version)
        if status is None and (self.length or 0) > MAX_BODY_BYTES:
            status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        if status is not None:
            self.refuse(status)
            return
        if self._is_one_too_many():
            self.refuse(HTTPStatus.SERVICE_UNAVAILABLE, NO_FILES)
            return
        self._part = BodyPart.BODY
        super().allHeadersReceived()

    def _is_one_too_many(self) -> bool:
        path = self._path.partition(b"?")[0].decode("latin1")
        return getattr(self.transport, "is_one_too_many", False) and path not in LOOKERS

    def rawDataReceived(self, data: bytes) -> None:  # noqa: N802
        """Take a piece of the body, or what came before its time."""
        if self._part is BodyPart.REFUSED:
            return
        if self._part is BodyPart.BODY:
            self._wire_bytes += len(data)
            if self._wire_bytes > MAX_WIRE_BYTES:
                self.refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                return
        try:
            super().rawDataReceived(data)
        except BodyRefusedError:
            return
        if self._part is BodyPart.ANSWER and self._waitingForTransport:
            # Twisted reads on here, without end: this client asks for more and reads nothing
            self._networkProducer.pauseProducing()

    def make_room(self, size: int) -> None:
        """Let the body hold ``size`` more bytes, which are one more chunk or a part of it.

        Raises:
            BodyRefusedError: it may not, and the request is refused.
        """
        self._body_bytes += size
        self._small_chunks += self.length is None and size < SMALL_CHUNK_BYTES
        if self._body_bytes > MAX_BODY_BYTES or self._small_chunks > MAX_SMALL_CHUNKS:
            self.refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        large = max(0, self._body_bytes - SMALL_BODY_BYTES) - self._large_bytes
        if self._part is not BodyPart.REFUSED and not self._bodies.take(large):
            self.refuse(HTTPStatus.SERVICE_UNAVAILABLE)
        if self._part is BodyPart.REFUSED:
            raise BodyRefusedError
        self._large_bytes += large

    def allContentReceived(self) -> None:  # noqa: N802
        """Hand on a request that has come."""
        if self._part is not BodyPart.REFUSED:
            self._part = BodyPart.ANSWER
            super().allContentReceived()

    # --- what goes out

    def requestDone(self, request: Any) -> None:  # noqa: N802
        """Go on with the next request, once the client takes the answer to this one."""
        self._stop_clock()
        if self._waitingForTransport or not self.persistent:
            self._deadline = self.callLater(UNREAD_SECONDS, self.transport.abortConnection)
        if self._waitingForTransport and self.persistent:
            self._answered = request
            return
        self._forget_body()
        self._part = BodyPart.NOTHING
        super().requestDone(request)

    def resumeProducing(self) -> None:  # noqa: N802
        """Send more, and read on where all was sent."""
        super().resumeProducing()
        answered, self._answered = self._answered, None
        if answered is not None:
            self.requestDone(answered)

    def refuse(self, status: int, reason: RefusalReason | None = None) -> None:
        """Answer with an error, read nothing more, and close once the client has seen it."""
        if self._part is BodyPart.REFUSED:
            return
        logger.info("refused a request of %s: %d", self.transport.getPeer().host, status)
        self._part = BodyPart.REFUSED
        self.setTimeout(None)
        self._forget_body()
        for request in self.requests:
            request.forget_body()
        self._networkProducer.unregisterProducer()
        path = getattr(self, "_path", b"")
        self.transport.write(last_answer_to(path, status, reason=reason))
        self.transport.loseWriteConnection()
        self._stop_clock()
        # what has come already must be read, or the kernel resets instead of closing
        self.transport.resumeProducing()
        self._deadline = self.callLater(LINGER_SECONDS, self.transport.abortConnection)

    def _respondToBadRequestAndDisconnect(self) -> None:  # noqa: N802
        self.refuse(HTTPStatus.BAD_REQUEST)

    def _discard(self) -> None:
        self.transport.pauseProducing()
        self.callLater(PAUSE_SECONDS, self._discard_more)

    def _discard_more(self) -> None:
        if self.transport.connected:
            self.transport.resumeProducing()

    # --- time

    def _keep_time(self) -> None:
        if self._part in (self._timed_part, BodyPart.REFUSED):
            return
        self._stop_clock()
        self._timed_part = self._part
        if seconds := LIMITS.get(self._part):
            self._deadline = self.callLater(seconds, self._be_late)

    def _be_late(self) -> None:
        due_at = self._deadline.getTime()
        self._deadline = None
        if monotonic() - due_at > LATE_SECONDS:  # Twisted counts by it: server.py
            # this process was held up itself: what came meanwhile is read first
            self._deadline = self.callLater(LATE_SECONDS, self._be_late)
        else:
            self.refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _stop_clock(self) -> None:
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        self._deadline = None
        self._timed_part = BodyPart.NOTHING

    # --- the end

    def _forget_body(self) -> None:
        self._bodies.give_back(self._large_bytes)
        self._wire_bytes = self._body_bytes = self._small_chunks = self._large_bytes = 0

    def connectionLost(self, reason: Any) -> None:  # noqa: N802
        """Let go of everything."""
        self._stop_clock()
        self._forget_body()
        if self._answered in self.requests:
            self.requests.remove(self._answered)
        self._answered = None
        super().connectionLost(reason)
