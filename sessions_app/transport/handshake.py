"""The WebSocket handshake: whatever a client sends, it is refused with a fitting HTTP status."""

import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from autobahn.websocket import types
from daphne.ws_protocol import WebSocketProtocol

from sessions_app.transport.answers import error_answer_bytes

logger = logging.getLogger(__name__)

ConnectionDeny: Any = types.ConnectionDeny  # it has no types
REFUSAL = "websocket.http.response"
"""ASGI's extension by which an application refuses a handshake with a status of its own."""


class Handshake(WebSocketProtocol):  # type: ignore[misc]  # Daphne has no types
    """Daphne's WebSocket; the names of its methods are autobahn's and Daphne's."""

    _refused_with: Iterable[tuple[bytes, bytes]] = ()
    """The headers of the application's refusal."""

    def processHandshake(self) -> None:  # noqa: N802
        """Read the request; respond 400 if autobahn or Daphne cannot parse it."""
        try:
            super().processHandshake()
        except Exception as error:  # noqa: BLE001 -- any error in parsing what a stranger sent
            logger.info("a WebSocket handshake could not be parsed: %s", type(error).__name__)
            self.failHandshake("", HTTPStatus.BAD_REQUEST)

    def handle_reply(self, message: dict[str, Any]) -> None:
        """Process a message of the application, which may also refuse with a status."""
        match message["type"]:
            case "websocket.http.response.start" if hasattr(self, "handshake_deferred"):
                deferred = self.handshake_deferred
                del self.handshake_deferred
                self._refused_with = message.get("headers", ())
                deferred.errback(ConnectionDeny(code=int(message["status"]), reason=""))
                self.server.protocol_disconnected(self)
            case "websocket.http.response.start" | "websocket.http.response.body":
                return
            case _:
                super().handle_reply(message)

    def handle_exception(self, exception: Exception) -> None:
        """Tell the client that the application failed, at whatever stage of the handshake."""
        if self.state == self.STATE_OPEN:
            super().handle_exception(exception)
        elif hasattr(self, "handshake_deferred"):
            self.handle_reply({"type": f"{REFUSAL}.start", "status": 500})
        else:  # autobahn cannot close what is not open, and Daphne would retry every second
            self.dropConnection(abort=True)

    def onClose(self, wasClean: bool, code: int, reason: str) -> None:  # noqa: N802, N803
        """Tell the server, unless it does not know this connection (any more)."""
        if hasattr(self, "server") and self in self.server.connections:
            super().onClose(wasClean, code, reason)

    def sendHttpErrorResponse(  # noqa: N802
        self,
        code: int,
        reason: str,
        responseHeaders: Any = None,  # noqa: N803
    ) -> None:
        """Send our own error response, which never repeats what the client sent."""
        more = [
            (name.decode("latin1"), value.decode("latin1")) for name, value in self._refused_with
        ]
        self.sendData(error_answer_bytes(b"", code, [*more, *(responseHeaders or ())]))


def offer_refusal(scope: dict[str, Any]) -> None:
    """Allow the application of ``scope`` to use the extension REFUSAL."""
    scope.setdefault("extensions", {})[REFUSAL] = {}
