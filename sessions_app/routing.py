"""The WebSockets' addresses."""

from http import HTTPStatus
from typing import Any

from channels.routing import URLRouter
from django.urls import path

from sessions_app.consumers import SessionConsumer
from sessions_app.handshake import REFUSAL
from sessions_app.watching import watch

websocket_urlpatterns = [
    path("ws/session/", SessionConsumer.as_asgi()),
    path("ws/watch/<str:secret>/", watch),  # type: ignore[arg-type]  # for Channels, not Django
]


class Addresses:
    """An ASGI application that serves the WebSockets there are, and refuses all others with 404.

    Channels would raise, which is a 500 and a traceback, and lead ``//ws/session/`` past a proxy's
    rule for ``/ws/``.
    """

    def __init__(self, patterns: list[Any]) -> None:
        self._patterns = patterns
        self._router = URLRouter(patterns)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve a connection."""
        if self._is_known(scope["path"]):
            await self._router({**scope, "root_path": ""}, receive, send)
        elif (await receive())["type"] == "websocket.connect":
            await _refuse(scope, send)

    def _is_known(self, address: str) -> bool:
        return any(pattern.pattern.match(address[1:]) for pattern in self._patterns)


async def _refuse(scope: dict[str, Any], send: Any) -> None:
    if REFUSAL in scope.get("extensions", {}):
        status = HTTPStatus.NOT_FOUND
        await send({"type": f"{REFUSAL}.start", "status": status, "headers": []})
        await send({"type": f"{REFUSAL}.body", "body": b""})
    else:
        await send({"type": "websocket.close"})
