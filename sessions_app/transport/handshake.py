"""The beginning of a WebSocket: refused with the status that says why, whatever a client sends."""

import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from autobahn.websocket import types
from daphne.ws_protocol import WebSocketProtocol

from sessions_app.transport.answers import last_answer_to

logger = logging.getLogger(__name__)

ConnectionDeny: Any = types.ConnectionDeny  # it has no types
REFUSAL = "websocket.http.response"
"""ASGI's extension by which an application refuses a handshake with a status of its own."""


class Handshake(WebSocketProtocol):  # type: ignore[misc]  # Daphne has no types
    """Daphne's WebSocket; the names of its methods are autobahn's and Daphne's."""

    _refused_with: Iterable[tuple[bytes, bytes]] = ()
    """The headers with which the application refused."""

    def processHandshake(self) -> None:  # noqa: N802
        """Read the request; what autobahn or Daphne cannot read is the client's fault."""
        try:
            super().processHandshake()
        except Exception as error:  # noqa: BLE001 -- whatever strangers can make of a header
            logger.info("a handshake could not be read: %s", type(error).__name__)
            self.failHandshake("", HTTPStatus.BAD_REQUEST)

    def handle_reply(self, message: dict[str, Any]) -> None:
        """Do what the application says; also refuse, with a status."""
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
        """Tell the client that the application failed, however far the handshake is."""
        if self.state == self.STATE_OPEN:
            super().handle_exception(exception)
        elif hasattr(self, "handshake_deferred"):
            self.handle_reply({"type": f"{REFUSAL}.start", "status": 500})
        else:  # autobahn cannot close what is not open, and Daphne would try again every second
            self.dropConnection(abort=True)

    def onClose(self, wasClean: bool, code: int, reason: str) -> None:  # noqa: N802, N803
        """Tell the server, unless it never knew this connection, or forgot it once refused."""
        if hasattr(self, "server") and self in self.server.connections:
            super().onClose(wasClean, code, reason)

    def sendHttpErrorResponse(  # noqa: N802
        self,
        code: int,
        reason: str,
        responseHeaders: Any = None,  # noqa: N803
    ) -> None:
        """Tell why there is no WebSocket, in our words and not with what the client sent."""
        more = [
            (name.decode("latin1"), value.decode("latin1")) for name, value in self._refused_with
        ]
        self.sendData(last_answer_to(b"", code, [*more, *(responseHeaders or ())]))


def offer_refusal(scope: dict[str, Any]) -> None:
    """Let the application of ``scope`` refuse by REFUSAL."""
    scope.setdefault("extensions", {})[REFUSAL] = {}
