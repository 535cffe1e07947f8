"""One HTTP request; those that must not reach the application are refused here."""

import re
from collections.abc import Callable
from http import HTTPStatus
from io import BytesIO
from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.utils import HEADER_NAME_RE, INVALID_HEADER_VALUE_BYTES

from sessions_app.core.descriptors import are_exhausted
from sessions_app.transport.answers import NO_FILES, error_answer
from sessions_app.transport.channel import HttpChannel
from sessions_app.transport.limits import BodyBudget

POWERFUL_HEADERS = (b"daphne-root-path",)
"""Headers that Daphne trusts from anybody; this one would change which path is requested."""
TARGET = re.compile(rb"/[!-\"$-~]*")
"""A path and a query in printable ASCII; no absolute address, and no fragment."""
SOCKET_PATH = re.compile(rb"/(?!/)[^;?]*(\?.*)?")
"""What the server, autobahn and the rules of a proxy all read as the same path."""


class BoundedHttpRequest(WebRequest):  # type: ignore[misc]  # Daphne has no types
    """Daphne's request, with a body of limited size in memory and nothing on disk."""

    def __init__(self, channel: HttpChannel, queued: int) -> None:
        # Twisted would parse forms in the event loop, though nobody uses the result
        super().__init__(channel, queued, parsePOSTFormSubmission=False)

    def refusal(self, method: bytes, target: bytes, version: bytes) -> int | None:
        """Return the status with which this head is refused; None: it is accepted."""
        headers = self.requestHeaders
        expected = headers.getRawHeaders(b"Expect", [])
        if [value.lower() for value in expected] not in ([], [b"100-continue"]):
            return HTTPStatus.EXPECTATION_FAILED
        if not TARGET.fullmatch(target) or not self._has_clean_headers():
            return HTTPStatus.BAD_REQUEST
        hosts = headers.getRawHeaders(b"Host", [])
        if len(hosts) > 1 or (not hosts and version == b"HTTP/1.1"):
            return HTTPStatus.BAD_REQUEST
        return self._upgrade_refusal(method, target, version)

    def _has_clean_headers(self) -> bool:
        return all(
            HEADER_NAME_RE.fullmatch(name)
            and not any(INVALID_HEADER_VALUE_BYTES.intersection(value) for value in values)
            for name, values in self.requestHeaders.getAllRawHeaders()
        )

    def _upgrade_refusal(self, method: bytes, target: bytes, version: bytes) -> int | None:
        headers = self.requestHeaders
        upgrades = headers.getRawHeaders(b"Upgrade", [])
        if not upgrades or upgrades[0].lower() != b"websocket":
            return None
        protocols = headers.getRawHeaders(b"Sec-WebSocket-Protocol", [])
        is_sound = (
            version == b"HTTP/1.1"
            and SOCKET_PATH.fullmatch(target) is not None
            and not self.channel.length
            and self.channel.length is not None
            and all(protocol.isascii() for protocol in protocols)
        )
        if not is_sound:
            return HTTPStatus.BAD_REQUEST
        return None if method == b"GET" else HTTPStatus.METHOD_NOT_ALLOWED

    # --- Twisted's names

    def gotLength(self, length: int | None) -> None:  # noqa: N802
        """Keep the body in memory, since its size is limited."""
        self.content = BytesIO()

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802
        """Process a piece of the body."""
        self.channel.reserve(len(data))
        super().handleContentChunk(data)

    def discard_body(self) -> None:
        """Discard what was received of the body: nobody will read it."""
        if self.content is not None:
            self.content.close()

    def process(self) -> Any:
        """Pass the request on, without headers that only a proxy may send."""
        for name in POWERFUL_HEADERS:
            self.requestHeaders.removeHeader(name)
        return super().process()

    def basic_error(self, status: int, status_text: bytes, body: str) -> None:
        """Respond with our own error instead of Daphne's page."""
        reason = None
        if status == HTTPStatus.INTERNAL_SERVER_ERROR and are_exhausted():
            status, reason = HTTPStatus.SERVICE_UNAVAILABLE, NO_FILES
        headers, text = error_answer(self.path or b"", status, reason)
        self.handle_reply({"type": "http.response.start", "status": status, "headers": headers})
        self.handle_reply({"type": "http.response.body", "body": text})


class HttpFactory(HTTPFactory):  # type: ignore[misc]  # Daphne has no types
    """Makes the connections of one server, which share one budget for bodies."""

    def __init__(self, server: Any, channels: Callable[[BodyBudget], HttpChannel]) -> None:
        super().__init__(server)
        self._body_budget = BodyBudget()
        self._channels = channels
        """Makes the channel of a new connection."""

    def buildProtocol(self, addr: Any) -> HttpChannel:  # noqa: N802
        """Return the channel of a new connection."""
        channel = self._channels(self._body_budget)
        channel.factory = self
        channel.requestFactory = BoundedHttpRequest
        channel.callLater = self.reactor.callLater
        channel.timeOut = self.timeOut
        return channel

    def log(self, request: Any) -> None:
        """Write no access log: URLs contain the secrets of tickets."""
