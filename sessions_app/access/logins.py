"""The logins of live sessions and downloads, and whether they are still valid.

Django checks the login of each request once. A WebSocket and a long response last, so their logins
are checked every second, in the database, since any process may end them: by a logout, a new
password or in the admin.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.http import HttpRequest, parse_cookie

from sessions_app.access import authentication
from sessions_app.access.clean_input import session_key
from sessions_app.core.steady_clock import clock
from sessions_app.store.database.thread import on_database_thread


@dataclass(frozen=True, slots=True)
class Login:
    """What authenticated a session or a request."""

    user_id: int
    session_key: str = field(default="", repr=False)
    """The key of Django's session; empty: no login was needed, as for the owner."""
    password: str = field(default="", repr=False)
    """The password's hash at that time: a changed password ends all logins made with it."""
    is_operator: bool = False
    """Whether the user is the owner or another superuser."""


def login_for(scope: Mapping[str, Any]) -> Login | None:
    """Return the login of an ASGI scope; None: nobody is logged in. Queries the database."""
    user = authentication.user_for(scope)
    if user is None:
        return None
    cookies = parse_cookie(authentication.caller_in(scope).header("cookie"))
    key = session_key(cookies)
    row = Session.objects.filter(pk=key).first() if key else None
    if row is None or row.get_decoded().get(SESSION_KEY) != str(user.pk):
        return Login(user.pk, is_operator=user.is_superuser)
    return Login(user.pk, key, user.password, is_operator=user.is_superuser)


fetch_login = on_database_thread(login_for)
"""The same for a WebSocket. Raises StoreError: the database does not say."""


def login_of(request: HttpRequest) -> Login | None:
    """Return the login of a request; None: it has no user."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return None
    if request.session.get(SESSION_KEY) != str(user.pk):
        return Login(user.pk, is_operator=user.is_superuser)
    key = request.session.session_key or ""
    return Login(user.pk, key, user.password, is_operator=user.is_superuser)


async def ended_logins(logins: Mapping[UUID, Login]) -> set[UUID]:
    """Return the sessions and downloads whose login is not valid any more.

    The user logged out, was deactivated or deleted, or changed the password; or it has expired.

    Raises:
        StoreError: the database does not answer.
    """
    return await _ended(logins) if logins else set()


@on_database_thread
def _ended(logins: Mapping[UUID, Login]) -> set[UUID]:
    keys = {login.session_key for login in logins.values() if login.session_key}
    rows = Session.objects.filter(pk__in=keys, expire_date__gt=clock.now())
    valid_keys = set(rows.values_list("pk", flat=True)) if keys else set()
    users = get_user_model().objects.filter(
        pk__in={login.user_id for login in logins.values()}, is_active=True
    )
    passwords: dict[int, str] = dict(users.values_list("pk", "password"))
    return {
        session for session, login in logins.items() if not _is_valid(login, valid_keys, passwords)
    }


def _is_valid(login: Login, keys: set[str], passwords: Mapping[int, str]) -> bool:
    password = passwords.get(login.user_id)
    if password is None or not login.session_key:
        return password is not None
    return login.session_key in keys and password == login.password
