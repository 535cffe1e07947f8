"""The one door of all logins: pages, the admin, and whoever else calls Django's authenticate."""

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

LONGEST_NAME = 60
"""How much of a name stands in the log."""


class DelayingBackend(ModelBackend):
    """Django's own, with a delay that grows with each failure, and a line in the log."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """Return who has this name and password.

        Raises:
            PermissionDenied: nobody has; no other backend is asked.
            LoginDelayedError: it may not be tried now.
        """
        name = username if username is not None else kwargs.get(User.USERNAME_FIELD)
        if name is None or password is None:
            return None
        address = client_address(request) if request is not None else ""
        attempt = login_delays.begin(name, address)
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
            "a login as %s from %s failed%s",
            _shown(name),
            address or "this process",
            f"; the next one has to wait {seconds:g} s" if seconds else "",
        )
        raise PermissionDenied

    async def aauthenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """Return the same, to whoever must not block."""
        return await sync_to_async(self.authenticate)(request, username, password, **kwargs)


def _shown(name: str) -> str:
    """Return ``name`` as a terminal may show it: no escapes, and nothing that turns text round."""
    cut = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
    return "'" + "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in cut) + "'"
