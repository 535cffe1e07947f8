"""Streaming responses: each piece is made in a thread, when the client is ready for it.

Django would read an iterator that is not asynchronous into memory as a whole before it sends the
first byte.
"""

import asyncio
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any, cast

from django.core.handlers.asgi import ASGIRequest
from django.db import connections
from django.http import HttpRequest, HttpResponseBase


class ThreadedPieces:
    """An asynchronous iterator over ``content``, which is iterated in threads."""

    def __init__(self, content: Iterable[bytes]) -> None:
        self._content = content
        self._iterator = iter(content)
        self._turn = Lock()

    def __aiter__(self) -> "ThreadedPieces":
        return self

    async def __anext__(self) -> bytes:
        piece = await asyncio.to_thread(self._next)
        if piece is None:
            raise StopAsyncIteration
        return piece

    def close(self) -> None:
        """Close the content, once the current piece is done. May be called twice."""
        with self._turn:
            for each in (self._iterator, self._content):
                if hasattr(each, "close"):
                    each.close()

    def _next(self) -> bytes | None:
        with self._turn:
            try:
                return next(self._iterator, None)
            finally:
                _close_database_connections()  # this thread's, if the content comes from rows


def in_pieces(request: HttpRequest, content: Iterable[bytes]) -> Iterable[bytes] | ThreadedPieces:
    """Return ``content`` in a form that the server of ``request`` sends piece by piece.

    It is closed when the request is over, also if its client left before there was a response.
    """
    if not isinstance(request, ASGIRequest):
        return content
    pieces = ThreadedPieces(content)
    if (download := request.scope.get("habla.download")) is not None:
        download.add_closer(pieces.close)
    return pieces


def streaming_middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Stream responses of others, such as WhiteNoise, in pieces too.

    A response also gives up its database connection while it is sent, since that takes as long as
    the client likes. Like all our middleware it is synchronous: Django would run it in a thread
    anyway, since the middleware below it is.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response: Any = get_response(request)
        if response.streaming and isinstance(request, ASGIRequest):
            if not response.is_async:
                response.streaming_content = in_pieces(request, response.streaming_content)
            _close_database_connections()
        return cast("HttpResponseBase", response)

    return middleware


def _close_database_connections() -> None:
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()
