"""Streaming responses and their logins: a download ends when its login does.

Django checks the login when a request begins. A recording or an export may then be sent for an
hour, so its login is checked all the while, as that of a live session is. Django also does not
close the response of a view whose client disconnects before it is sent: its file would stay open
until it is garbage-collected.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from sessions_app.access.logins import Login, login_of

logger = logging.getLogger(__name__)

Application = Callable[..., Awaitable[None]]


@dataclass(slots=True)
class Download:
    """One request whose response is not finished."""

    disconnect: Callable[[], None]
    """Drops the connection, so that the client notices that the response is incomplete."""
    login: Login | None = None
    """None: the response is not streamed, or needs no login."""
    _closers: list[Callable[[], None]] = field(default_factory=list)
    _is_closed: bool = False
    _lock: Lock = field(default_factory=Lock)

    def add_closer(self, close: Callable[[], None]) -> None:
        """Register what is to be closed at the end; close it now if the request is over already.

        ``close`` is called in a thread, possibly after Django has closed the same.
        """
        with self._lock:
            self._closers.append(close)
            is_over = self._is_closed
        if is_over:
            close()

    def close(self) -> None:
        """Close everything that was registered. Does not wait for it."""
        with self._lock:
            self._is_closed = True
        if self._closers:  # in a thread, since a piece may be being made
            asyncio.get_running_loop().run_in_executor(None, self._run_closers)

    def _run_closers(self) -> None:
        for close in self._closers:
            try:
                close()
            except Exception:
                logger.exception("a streaming response could not be closed")


_open: dict[UUID, Download] = {}


def track_downloads(application: Application) -> Application:
    """Return ASGI middleware around ``application`` that keeps a Download for each request."""

    async def serve(scope: dict[str, Any], receive: Any, send: Any) -> None:
        download_id = uuid4()
        scope["habla.download"] = _open[download_id] = Download(
            scope.get("habla.disconnect", _stay)
        )
        try:
            await application(scope, receive, send)
        finally:
            _open.pop(download_id).close()

    return serve


class DownloadsMiddleware(MiddlewareMixin):
    """Notes the login of each streaming response, and what to close at its end."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Return ``response`` unchanged."""
        download: Download | None = getattr(request, "scope", {}).get("habla.download")
        if response.streaming and download is not None:
            download.login = login_of(request)
            download.add_closer(partial(_close, response))
        return response


def _close(response: HttpResponseBase) -> None:
    if not response.closed:
        response.close()


def download_logins() -> dict[UUID, Login]:
    """Return the login of each download."""
    return {key: one.login for key, one in _open.items() if one.login is not None}


def end_downloads(download_ids: Collection[UUID]) -> None:
    """Drop the connections of those downloads that are still under way."""
    for download_id in download_ids:
        if (download := _open.get(download_id)) is not None:
            download.disconnect()


def _stay() -> None:
    """Do nothing: the server gave no way to disconnect."""
