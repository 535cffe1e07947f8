"""Delays logins after failures: of pages, the admin, and whatever calls authenticate()."""

import logging
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from sessions_app.core.errors import LoginDelayedError
from sessions_app.store import login_delays
from sessions_app.transport.forwarding import client_address

logger = logging.getLogger(__name__)

LOGGED_CHARACTERS = 60
"""How much of a username is logged."""


class DelayingBackend(ModelBackend):
    """Django's model backend, with a delay that grows with each failure, which is logged."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """Return the user with this name and password.

        Raises:
            PermissionDenied: there is none; no other backend is asked.
            LoginDelayedError: a login may not be tried now.
        """
        name = username if username is not None else kwargs.get(User.USERNAME_FIELD)
        if name is None or password is None:
            return None
        address = client_address(request) if request is not None else ""
        attempt = login_delays.begin_attempt(name, address)
        try:
            user = super().authenticate(request, username=name, password=password)
        except LoginDelayedError:
            attempt.withdrawn()
            raise
        if user is not None:
            attempt.succeeded()
            return user
        seconds = attempt.failed()
        logger.warning(
            "login as %s from %s failed%s",
            _loggable(name),
            address or "this process",
            f"; the next one must wait {seconds:g} s" if seconds else "",
        )
        raise PermissionDenied

    async def aauthenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """Do the same without blocking the event loop."""
        return await sync_to_async(self.authenticate)(request, username, password, **kwargs)


def _loggable(name: str) -> str:
    """Return ``name`` in quotes, cut, and without control characters."""
    cut = name if len(name) <= LOGGED_CHARACTERS else name[: LOGGED_CHARACTERS - 1] + "…"
    return "'" + "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in cut) + "'"
