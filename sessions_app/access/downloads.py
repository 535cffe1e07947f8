"""What is being sent piece by piece, and by which login: it ends when that does.

Django looks who asks when a request begins. A sound or an export may be sent for an hour then, so
it is looked after as live sessions are. Nor does Django close what a view returns whose client has
left meanwhile: its file would be open until Python happens to collect it.
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
    """One response that is not at its end."""

    hang_up: Callable[[], None]
    """Ends the connection at once, so that nobody takes what came for the whole."""
    login: Login | None = None
    """None: it is sent at once, or to anybody."""
    _closers: list[Callable[[], None]] = field(default_factory=list)
    _is_over: bool = False
    _turn: Lock = field(default_factory=Lock)

    def note(self, close: Callable[[], None]) -> None:
        """Take notice of what must be closed; close it at once if nobody is there any more.

        ``close`` is called in a thread, maybe though Django did the same.
        """
        with self._turn:
            self._closers.append(close)
            is_late = self._is_over
        if is_late:
            close()

    def end(self) -> None:
        """Close what is open still."""
        with self._turn:
            self._is_over = True
        if self._closers:  # in a thread, since a piece of it may still be made
            asyncio.get_running_loop().run_in_executor(None, self._close)

    def _close(self) -> None:
        for close in self._closers:
            try:
                close()
            except Exception:
                logger.exception("what was sent piece by piece could not be closed")


_open: dict[UUID, Download] = {}


def looked_after(application: Application) -> Application:
    """Return ``application``, of which it is known here what it is sending to whom."""

    async def serve(scope: dict[str, Any], receive: Any, send: Any) -> None:
        download_id = uuid4()
        scope["habla.download"] = _open[download_id] = Download(scope.get("habla.hang_up", _stay))
        try:
            await application(scope, receive, send)
        finally:
            _open.pop(download_id).end()

    return serve


class DownloadsMiddleware(MiddlewareMixin):
    """Note what is sent piece by piece, and whose it is."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Return ``response`` as it is."""
        download: Download | None = getattr(request, "scope", {}).get("habla.download")
        if response.streaming and download is not None:
            download.login = login_of(request)
            download.note(partial(_close, response))
        return response


def _close(response: HttpResponseBase) -> None:
    if not response.closed:
        response.close()


def logins() -> dict[UUID, Login]:
    """Return on which login each of them stands."""
    return {key: one.login for key, one in _open.items() if one.login is not None}


def end(download_ids: Collection[UUID]) -> None:
    """Hang up on those of these that are still being sent."""
    for download_id in download_ids:
        if (download := _open.get(download_id)) is not None:
            download.hang_up()


def _stay() -> None:
    """Hang up on nobody: the server gave no way to."""
