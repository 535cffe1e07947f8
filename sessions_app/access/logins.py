"""Whose login a live session or a download stands on, and whether that is still good.

Django looks at each request; a WebSocket is one that lasts, and so is a long response. So its login
is looked at every second, by the rows, since it may end in any process: by a logout, a new password
or in the admin.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.http import HttpRequest, parse_cookie

from sessions_app.access import asking
from sessions_app.access.clean_input import session_key
from sessions_app.core.steady_clock import clock
from sessions_app.store.database.thread import database_thread


@dataclass(frozen=True, slots=True)
class Login:
    """What a session or a request was let in by."""

    user_id: int
    session_key: str = field(default="", repr=False)
    """Django's; empty: no login was needed, as at the machine itself."""
    password: str = field(default="", repr=False)
    """The hash of then: a changed password ends all logins made with it."""
    is_operator: bool = False
    """Whether it is who looks after the server: the owner, or another superuser."""


def login_for(scope: Mapping[str, Any]) -> Login | None:
    """Return by what an ASGI ``scope`` is let in; None: log in first.

    Queries the database, so it belongs on a thread that may.
    """
    user = asking.user_for(scope)
    if user is None:
        return None
    cookies = parse_cookie(asking.caller_in(scope).header("cookie"))
    key = session_key(cookies)
    row = Session.objects.filter(pk=key).first() if key else None
    if row is None or row.get_decoded().get(SESSION_KEY) != str(user.pk):
        return Login(user.pk, is_operator=user.is_superuser)
    return Login(user.pk, key, user.password, is_operator=user.is_superuser)


def login_of(request: HttpRequest) -> Login | None:
    """Return by what a request was let in; None: nobody needs to be known for it."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return None
    if request.session.get(SESSION_KEY) != str(user.pk):
        return Login(user.pk, is_operator=user.is_superuser)
    key = request.session.session_key or ""
    return Login(user.pk, key, user.password, is_operator=user.is_superuser)


async def over(logins: Mapping[UUID, Login]) -> set[UUID]:
    """Return which of these sessions and downloads nobody may go on with.

    Logged out, deactivated or deleted; or the login is so old that it has expired.

    Raises:
        StoreError: the database does not say.
    """
    return await database_thread.run(_over, logins) if logins else set()


def _over(logins: Mapping[UUID, Login]) -> set[UUID]:
    keys = {login.session_key for login in logins.values() if login.session_key}
    rows = Session.objects.filter(pk__in=keys, expire_date__gt=clock.now())
    kept = set(rows.values_list("pk", flat=True)) if keys else set()
    users = get_user_model().objects.filter(
        pk__in={login.user_id for login in logins.values()}, is_active=True
    )
    passwords: dict[int, str] = dict(users.values_list("pk", "password"))
    return {session for session, login in logins.items() if not _is_good(login, kept, passwords)}


def _is_good(login: Login, keys: set[str], passwords: Mapping[int, str]) -> bool:
    password = passwords.get(login.user_id)
    if password is None or not login.session_key:
        return password is not None
    return login.session_key in keys and password == login.password
