"""One HTTP request: what no application may be asked is answered here, in plain words."""

import re
from http import HTTPStatus
from io import BytesIO
from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.utils import HEADER_NAME_RE, INVALID_HEADER_VALUE_BYTES

from sessions_app.core.descriptors import are_out
from sessions_app.transport.answers import NO_FILES, answer_to
from sessions_app.transport.channel import HttpChannel
from sessions_app.transport.limits import Bodies

POWERFUL_HEADERS = (b"daphne-root-path",)
"""What Daphne takes for its proxy's word, whoever sends it: with it an address means another."""
TARGET = re.compile(rb"/[!-\"$-~]*")
"""A path and a query, in printable ASCII; no other site's address, and no fragment."""
SOCKET_PATH = re.compile(rb"/(?!/)[^;?]*(\?.*)?")
"""What is the same path to the server, to autobahn and to a proxy's rules."""


class HttpRequest(WebRequest):  # type: ignore[misc]  # Daphne has no types
    """Daphne's request, which holds a bounded body in memory and nothing on disk."""

    def __init__(self, channel: HttpChannel, queued: int) -> None:
        # Twisted would parse forms on the event loop, for nobody
        super().__init__(channel, queued, parsePOSTFormSubmission=False)

    def refusal(self, method: bytes, target: bytes, version: bytes) -> int | None:
        """Return the status with which a head is refused; None: the body may come."""
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
        """Make room for the body: in memory, since it is bounded."""
        self.content = BytesIO()

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802
        """Take a piece of the body."""
        self.channel.make_room(len(data))
        super().handleContentChunk(data)

    def forget_body(self) -> None:
        """Let go of what has come: nobody will read it."""
        if self.content is not None:
            self.content.close()

    def process(self) -> Any:
        """Hand the request on, without what gives a client power that is a proxy's."""
        for name in POWERFUL_HEADERS:
            self.requestHeaders.removeHeader(name)
        return super().process()

    def basic_error(self, status: int, status_text: bytes, body: str) -> None:
        """Answer with an error in place of Daphne's own page."""
        reason = None
        if status == HTTPStatus.INTERNAL_SERVER_ERROR and are_out():
            status, reason = HTTPStatus.SERVICE_UNAVAILABLE, NO_FILES
        headers, text = answer_to(self.path or b"", status, reason)
        self.handle_reply({"type": "http.response.start", "status": status, "headers": headers})
        self.handle_reply({"type": "http.response.body", "body": text})


class HttpFactory(HTTPFactory):  # type: ignore[misc]  # Daphne has no types
    """Makes the connections of one server, which share the room for bodies."""

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        self._bodies = Bodies()

    def buildProtocol(self, addr: Any) -> HttpChannel:  # noqa: N802
        """Return the channel of a new connection."""
        channel = HttpChannel(self._bodies)
        channel.factory = self
        channel.requestFactory = HttpRequest
        channel.callLater = self.reactor.callLater
        channel.timeOut = self.timeOut
        return channel

    def log(self, request: Any) -> None:
        """Write no access log: addresses hold tickets' secrets."""
