"""The WebSockets' addresses."""

import math
from http import HTTPStatus
from typing import Any

from channels.routing import URLRouter
from django.urls import path

from sessions_app.access.rate_limits import STRANGERS
from sessions_app.consumers.session import SessionConsumer
from sessions_app.consumers.viewer import serve_viewer
from sessions_app.core.caller import client_network
from sessions_app.core.token_buckets import Buckets
from sessions_app.transport.answers import Headers
from sessions_app.transport.forwarding import client_address
from sessions_app.transport.handshake import REFUSAL

websocket_urlpatterns = [
    path("ws/session/", SessionConsumer.as_asgi()),
    path("ws/watch/<str:secret>/", serve_viewer),  # type: ignore[arg-type]  # for Channels, not Django
]


class WebSocketRouter:
    """An ASGI application that serves the WebSockets there are, and refuses all others with 404.

    An address that opens more of them than STRANGERS allows is refused with 429: who it is has not
    been asked yet, which costs more.

    Channels would raise, which is a 500 and a traceback, and lead ``//ws/session/`` past a proxy's
    rule for ``/ws/``.
    """

    def __init__(self, patterns: list[Any]) -> None:
        self._patterns = patterns
        self._router = URLRouter(patterns)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve a connection."""
        refusal = self._refusal(scope)
        if refusal is None:
            await self._router({**scope, "root_path": ""}, receive, send)
        elif (await receive())["type"] == "websocket.connect":
            await _refuse(scope, send, *refusal)

    def _refusal(self, scope: dict[str, Any]) -> tuple[HTTPStatus, Headers] | None:
        if not self._is_known(scope["path"]):
            return HTTPStatus.NOT_FOUND, []
        if wait := _opened.of(client_network(client_address(scope))).take():
            return HTTPStatus.TOO_MANY_REQUESTS, [(b"Retry-After", b"%d" % math.ceil(wait))]
        return None

    def _is_known(self, address: str) -> bool:
        return any(pattern.pattern.match(address[1:]) for pattern in self._patterns)


_opened = Buckets(STRANGERS)


def reset_connection_rates() -> None:
    """Let every address begin anew."""
    _opened.clear()


async def _refuse(scope: dict[str, Any], send: Any, status: HTTPStatus, headers: Headers) -> None:
    if REFUSAL in scope.get("extensions", {}):
        await send({"type": f"{REFUSAL}.start", "status": status, "headers": headers})
        await send({"type": f"{REFUSAL}.body", "body": b""})
    else:
        await send({"type": "websocket.close"})
