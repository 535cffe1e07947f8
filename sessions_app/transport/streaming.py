"""Responses that are sent piece by piece: each piece is made, in a thread, when there is room.

Django would read an iterator that is not asynchronous into memory wholly before the first byte of
it goes out.
"""

import asyncio
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any, cast

from django.core.handlers.asgi import ASGIRequest
from django.db import connections
from django.http import HttpRequest, HttpResponseBase


class Pieces:
    """What ``content`` yields, piece by piece, each taken in a thread."""

    def __init__(self, content: Iterable[bytes]) -> None:
        self._content = content
        self._iterator = iter(content)
        self._turn = Lock()

    def __aiter__(self) -> "Pieces":
        return self

    async def __anext__(self) -> bytes:
        piece = await asyncio.to_thread(self._next)
        if piece is None:
            raise StopAsyncIteration
        return piece

    def close(self) -> None:
        """Close the content, when the piece that is being made is done. May be called twice."""
        with self._turn:
            for each in (self._iterator, self._content):
                if hasattr(each, "close"):
                    each.close()

    def _next(self) -> bytes | None:
        with self._turn:
            try:
                return next(self._iterator, None)
            finally:
                _let_go_of_database()  # the thread's own, where the content is rows


def streamed(request: HttpRequest, content: Iterable[bytes]) -> Iterable[bytes] | Pieces:
    """Return ``content`` as the server that ``request`` came by sends it piece by piece.

    It is closed when the request is over, also where its client left before there was a response.
    """
    if not isinstance(request, ASGIRequest):
        return content
    pieces = Pieces(content)
    if (download := request.scope.get("habla.download")) is not None:
        download.note(pieces.close)
    return pieces


def streaming_middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Let files of others, such as WhiteNoise, be sent piece by piece too.

    Nor does a response keep the database while it is sent, since that lasts as long as the client
    likes. A middleware of threads, as all of ours: Django would run it as one even if it could do
    otherwise, since those below it cannot.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response: Any = get_response(request)
        if response.streaming and isinstance(request, ASGIRequest):
            if not response.is_async:
                response.streaming_content = streamed(request, response.streaming_content)
            _let_go_of_database()
        return cast("HttpResponseBase", response)

    return middleware


def _let_go_of_database() -> None:
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()
