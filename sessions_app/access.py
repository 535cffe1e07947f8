"""Who is asking: the owner at this very machine, somebody who logged in, or a stranger.

On loopback nobody logs in: whoever sits at the machine is its owner. That holds only for a request
that shows no sign of having come from elsewhere, since a proxy or a foreign page that a browser
here has open also arrives from loopback. Deactivating the user ``owner`` turns it off.
"""

from collections.abc import Mapping
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import get_user, get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, parse_cookie
from django.http.request import split_domain_port, validate_host
from django.utils.http import is_same_domain
from django.utils.module_loading import import_string

from sessions_app import conf
from sessions_app.caller import DEFAULT_PORTS, Caller, host_and_port

OWNER = "owner"
"""The username of who sits at the machine."""


def owner() -> User | None:
    """Return the owner, made at the first call; None where that user was deactivated.

    None also where HABLA_OWNER is off, or where the settings speak of a proxy: one that adds no
    header to what it forwards cannot be told from a browser at this machine.

    Two processes that ask at once get the same user. Queries the database.
    """
    if not conf.has_owner() or _is_published():
        return None
    user, _ = get_user_model().objects.get_or_create(
        username=OWNER,
        defaults={"is_staff": True, "is_superuser": True, "password": make_password(None)},
    )
    return user if user.is_active else None


def _is_published() -> bool:
    return bool(settings.CSRF_TRUSTED_ORIGINS or settings.SESSION_COOKIE_SECURE)


def user_of(request: HttpRequest) -> User:
    """Return who asks. LoginMiddleware let nobody through who is unknown."""
    return cast("User", request.user)


def caller_of(request: HttpRequest) -> Caller:
    """Return where ``request`` comes from."""
    headers = [(name.lower(), value) for name, value in request.headers.items()]
    scope: Mapping[str, Any] = getattr(request, "scope", {})
    return Caller(
        peer=request.META.get("REMOTE_ADDR") or None,
        headers=tuple(headers),
        http_version=str(scope.get("http_version", "1.1")),
        is_behind_proxy="habla.proxy" in scope,
    )


def caller_in(scope: Mapping[str, Any]) -> Caller:
    """Return where the connection of an ASGI ``scope`` comes from."""
    client = scope.get("client")
    headers = [
        (name.decode("latin1").lower(), value.decode("latin1"))
        for name, value in scope.get("headers", [])
    ]
    return Caller(
        peer=client[0] if client else None,
        headers=tuple(headers),
        http_version=str(scope.get("http_version", "1.1")),
        is_behind_proxy="habla.proxy" in scope,
    )


def user_for(scope: Mapping[str, Any]) -> User | None:
    """Return whose WebSocket an ASGI ``scope`` is; None: log in first.

    Who logged in comes before the owner. Queries the database, so it belongs on a thread that may.
    """
    caller = caller_in(scope)
    return _logged_in(caller) or (owner() if caller.is_at_home else None)


def _logged_in(caller: Caller) -> User | None:
    key = parse_cookie(caller.header("cookie")).get(settings.SESSION_COOKIE_NAME)
    if not key:
        return None
    request = HttpRequest()
    request.session = _session(key)
    user = get_user(request)
    return user if isinstance(user, User) else None


def _session(key: str) -> SessionBase:
    store: type[SessionBase] = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
    return store(key)


def origin_allowed(scope: Mapping[str, Any]) -> bool:
    """Return whether the page that opened the WebSocket of ``scope`` may: ours, or a trusted one.

    A browser always names the page's origin, and no page can forge it; what names none is a
    program. ALLOWED_HOSTS guards the Host header, so a foreign name that was made to resolve to
    this machine (DNS rebinding) is refused, and so is another site on another port of it.
    """
    caller = caller_in(scope)
    domain = split_domain_port(caller.host)[0]
    if not domain or not validate_host(domain, settings.ALLOWED_HOSTS):
        return False
    origin = caller.origin
    return origin is None or _is_ours(origin, caller.host) or _is_trusted(origin)


def _is_ours(origin: str, host: str) -> bool:
    scheme, _, netloc = origin.partition("://")
    return scheme in DEFAULT_PORTS and host_and_port(netloc, scheme) == host_and_port(host, scheme)


def _is_trusted(origin: str) -> bool:
    return any(_matches(origin, trusted) for trusted in settings.CSRF_TRUSTED_ORIGINS)


def _matches(origin: str, trusted: str) -> bool:
    scheme, _, netloc = origin.lower().partition("://")
    trusted_scheme, _, pattern = trusted.lower().partition("://")
    return scheme == trusted_scheme and is_same_domain(netloc, pattern.removeprefix("*"))


def somebody_can_log_in() -> bool:
    """Return whether there is a user with a password. Queries the database."""
    users = get_user_model().objects.filter(is_active=True)
    return any(user.has_usable_password() for user in users.iterator())
