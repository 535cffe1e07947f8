"""One HTTP connection: its requests are limited in size and in the time they take.

Daphne and Twisted read a whole body, of any size, into memory or a temporary file before the
application is called (docs/lifecycle.md, H42). So the limits are enforced here, while it is read.
"""

import logging
from collections.abc import Iterable
from enum import Enum
from http import HTTPStatus
from time import monotonic
from typing import Any

from twisted.web.http import HTTPChannel

from sessions_app.transport.answers import NO_FILES, RefusalReason, error_answer_bytes
from sessions_app.transport.limits import (
    BODY_SECONDS,
    HEAD_SECONDS,
    HEALTH_CHECKS,
    LINGER_SECONDS,
    MAX_BODY_BYTES,
    MAX_HEAD_BYTES,
    MAX_HEADERS,
    MAX_SMALL_CHUNKS,
    MAX_WIRE_BYTES,
    SMALL_BODY_BYTES,
    SMALL_CHUNK_BYTES,
    BodyBudget,
)

logger = logging.getLogger(__name__)

UNREAD_SECONDS = 60.0
"""How long a client may take to read the last 64 KiB of a response."""
LATE_SECONDS = 1.0
"""A timer that is this late means that this process was blocked, not that the client is slow."""
PAUSE_SECONDS = 0.01
"""Pause between reads from a refused client: 64 KiB each time, so that it costs next to nothing."""


class BodyRefusedError(Exception):
    """No more of a body is accepted. Ends Twisted's loop over the chunks that were received."""


class BodyPart(Enum):
    """Which part of a request is expected next."""

    NOTHING = "between two requests"
    HEAD = "the request line or headers"
    BODY = "the body"
    ANSWER = "nothing until the response is sent"
    REFUSED = "nothing any more"


LIMITS = {BodyPart.HEAD: HEAD_SECONDS, BodyPart.BODY: BODY_SECONDS}


class HttpChannel(HTTPChannel):  # type: ignore[misc]  # half of Twisted has types
    """Twisted's HTTP channel with limits; the names of its methods are Twisted's."""

    MAX_LENGTH = MAX_HEAD_BYTES
    totalHeadersSize = MAX_HEAD_BYTES  # noqa: N815
    maxHeaders = MAX_HEADERS  # noqa: N815

    def __init__(self, body_budget: BodyBudget) -> None:
        super().__init__()
        self._body_budget = body_budget
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

    # --- what is received

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        """Process received bytes, and set the time limit for the part they belong to."""
        if self._part is BodyPart.REFUSED:
            self._discard()
            return
        if self._part is BodyPart.NOTHING:
            self._part = BodyPart.HEAD
        super().dataReceived(data)
        self._set_deadline()

    def lineReceived(self, line: bytes) -> None:  # noqa: N802
        """Process a line of the head."""
        if self._part is BodyPart.REFUSED:
            return
        self._part = BodyPart.HEAD
        self._head_bytes += len(line) + 2
        if self._head_bytes > MAX_HEAD_BYTES:
            self.lineLengthExceeded(line)
            return
        super().lineReceived(line)

    def lineLengthExceeded(self, line: bytes) -> None:  # noqa: N802
        """Refuse a head that is too long."""
        is_first = not self.requests
        self.refuse(
            HTTPStatus.REQUEST_URI_TOO_LONG
            if is_first
            else HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        )

    def headerReceived(self, line: bytes) -> bool:  # noqa: N802
        """Process a header; return whether it was accepted."""
        self._headers += 1
        if self._headers > MAX_HEADERS:
            self.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            return False
        return bool(super().headerReceived(line))

    def allHeadersReceived(self) -> None:  # noqa: N802
        """Check the head before any of the body is read."""
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
        if self.answers_itself(request):
            return
        if self._is_over_limit():
            self.refuse(HTTPStatus.SERVICE_UNAVAILABLE, NO_FILES)
            return
        self._part = BodyPart.BODY
        super().allHeadersReceived()

    def answers_itself(self, request: Any) -> bool:
        """Return whether this channel has answered a request that no application is to see."""
        return False

    def _is_over_limit(self) -> bool:
        path = self._path.partition(b"?")[0].decode("latin1")
        return getattr(self.transport, "is_over_limit", False) and path not in HEALTH_CHECKS

    def rawDataReceived(self, data: bytes) -> None:  # noqa: N802
        """Process a piece of the body, or bytes that came too early."""
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
            # Twisted would read on without end from a client that sends requests and reads nothing
            self._networkProducer.pauseProducing()

    def reserve(self, size: int) -> None:
        """Reserve room for ``size`` more bytes of the body: one more chunk, or a part of it.

        Raises:
            BodyRefusedError: there is no room, and the request is refused.
        """
        self._body_bytes += size
        self._small_chunks += self.length is None and size < SMALL_CHUNK_BYTES
        if self._body_bytes > MAX_BODY_BYTES or self._small_chunks > MAX_SMALL_CHUNKS:
            self.refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        large = max(0, self._body_bytes - SMALL_BODY_BYTES) - self._large_bytes
        if self._part is not BodyPart.REFUSED and not self._body_budget.reserve(large):
            self.refuse(HTTPStatus.SERVICE_UNAVAILABLE)
        if self._part is BodyPart.REFUSED:
            raise BodyRefusedError
        self._large_bytes += large

    def allContentReceived(self) -> None:  # noqa: N802
        """Pass a complete request on."""
        if self._part is not BodyPart.REFUSED:
            self._part = BodyPart.ANSWER
            super().allContentReceived()

    # --- what is sent

    def requestDone(self, request: Any) -> None:  # noqa: N802
        """Go on to the next request, once the client has read the response to this one."""
        self._cancel_deadline()
        if self._waitingForTransport or not self.persistent:
            self._deadline = self.callLater(UNREAD_SECONDS, self.transport.abortConnection)
        if self._waitingForTransport and self.persistent:
            self._answered = request
            return
        self._release_body()
        self._part = BodyPart.NOTHING
        super().requestDone(request)

    def resumeProducing(self) -> None:  # noqa: N802
        """Send more; read the next request if all was sent."""
        super().resumeProducing()
        answered, self._answered = self._answered, None
        if answered is not None:
            self.requestDone(answered)

    def refuse(
        self,
        status: int,
        reason: RefusalReason | None = None,
        more: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Respond with an error, read no more requests, and close once the client has read it.

        ``more`` are headers of the response.
        """
        if self._part is BodyPart.REFUSED:
            return
        if status >= HTTPStatus.BAD_REQUEST:
            logger.info("refused a request of %s: %d", self.transport.getPeer().host, status)
        self._part = BodyPart.REFUSED
        self.setTimeout(None)
        self._release_body()
        for request in self.requests:
            request.discard_body()
        self._networkProducer.unregisterProducer()
        path = getattr(self, "_path", b"")
        self.transport.write(error_answer_bytes(path, status, more, reason=reason))
        self.close_when_sent()
        self._cancel_deadline()
        # unread bytes would make the kernel reset the connection instead of closing it
        self.transport.resumeProducing()
        self._deadline = self.callLater(LINGER_SECONDS, self.transport.abortConnection)

    def close_when_sent(self) -> None:
        """Close our half of the connection when all is sent: the client may still be sending."""
        self.transport.loseWriteConnection()

    def _respondToBadRequestAndDisconnect(self) -> None:  # noqa: N802
        self.refuse(HTTPStatus.BAD_REQUEST)

    def _discard(self) -> None:
        self.transport.pauseProducing()
        self.callLater(PAUSE_SECONDS, self._discard_more)

    def _discard_more(self) -> None:
        if self.transport.connected:
            self.transport.resumeProducing()

    # --- time limits

    def _set_deadline(self) -> None:
        if self._part in (self._timed_part, BodyPart.REFUSED):
            return
        self._cancel_deadline()
        self._timed_part = self._part
        if seconds := LIMITS.get(self._part):
            self._deadline = self.callLater(seconds, self._on_deadline)

    def _on_deadline(self) -> None:
        due_at = self._deadline.getTime()
        self._deadline = None
        if monotonic() - due_at > LATE_SECONDS:  # Twisted counts by it: server.py
            # this process was blocked itself: what was received meanwhile is read first
            self._deadline = self.callLater(LATE_SECONDS, self._on_deadline)
        else:
            self.refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        self._deadline = None
        self._timed_part = BodyPart.NOTHING

    # --- the end

    def _release_body(self) -> None:
        self._body_budget.release(self._large_bytes)
        self._wire_bytes = self._body_bytes = self._small_chunks = self._large_bytes = 0

    def connectionLost(self, reason: Any) -> None:  # noqa: N802
        """Release everything."""
        self._cancel_deadline()
        self._release_body()
        if self._answered in self.requests:
            self.requests.remove(self._answered)
        self._answered = None
        super().connectionLost(reason)
