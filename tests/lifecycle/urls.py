"""Our URLs, an answer that breaks half-way, and a WebSocket that breaks at once."""

from collections.abc import AsyncIterator
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import path

from habla_project.urls import urlpatterns as ours
from sessions_app.routing import websocket_urlpatterns


@login_not_required
async def breaking(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(_half(), headers={"Content-Length": "1000"})


async def _half() -> AsyncIterator[bytes]:
    yield bytes(500)
    raise ValueError("the other half is lost")


async def crashing(scope: Any, receive: Any, send: Any) -> None:
    raise ValueError("a bug")


urlpatterns = [*ours, path("breaking/", breaking)]
websocket_urlpatterns.append(path("ws/crashing/", crashing))  # type: ignore[arg-type]
