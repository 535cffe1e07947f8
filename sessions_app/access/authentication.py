"""Who sent a request: the owner at this machine, a user who logged in, or a stranger.

Whoever uses this machine itself is its owner, and need not log in. A loopback address is no proof
of that: requests of a proxy, of another user of the machine, and of a foreign page in a browser
here come from loopback too. So the process at the other end must belong to the server's own user,
and nothing may contradict it; if the system does not say whose process it is, the request must
carry the owner's key. Deactivating the user ``owner`` turns all this off.
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

from sessions_app.access import owner_key
from sessions_app.access.clean_input import session_key
from sessions_app.access.proxy_warning import proxies, silent_proxies
from sessions_app.config import conf
from sessions_app.core.caller import Caller, PeerUser, is_origin_of

OWNER = "owner"
"""The username of the owner."""


def owner() -> User | None:
    """Return the owner, created at the first call; None if that user was deactivated.

    None also if HABLA_OWNER is off, or if the settings mention a proxy: a proxy that adds no header
    to what it forwards cannot be distinguished from a browser at this machine.

    Two processes that call it at once get the same user. Queries the database.
    """
    if not is_owner_enabled():
        return None
    user, _ = get_user_model().objects.get_or_create(
        username=OWNER,
        defaults={"is_staff": True, "is_superuser": True, "password": make_password(None)},
    )
    return user if user.is_active else None


def is_owner_enabled() -> bool:
    """Return whether the settings let the owner in without a login."""
    is_published = settings.IS_PUBLISHED or settings.CSRF_TRUSTED_ORIGINS
    return conf.has_owner() and not is_published


def is_from_owner(caller: Caller) -> bool:
    """Return whether the request comes from the owner at this machine, not through a proxy."""
    if caller.is_forwarded and is_owner_enabled():
        proxies.note(caller.proxy or caller.peer)
    elif caller.may_be_silent_proxy and is_owner_enabled():
        silent_proxies.note(caller.peer)
    if not caller.is_at_machine:
        return False
    return caller.peer_user is PeerUser.OURS or owner_key.is_carried_by(caller)


def owner_hint(address: str, *, printed_to: int | None = None) -> str:
    """Return a line that tells the owner which address to open, with the key in it.

    ``address`` is where the server listens. ``printed_to`` is the descriptor to which the line will
    be written: the key must not get into the system's journal. Empty: the owner is not let in.
    """
    if not is_owner_enabled():
        return ""
    try:
        address = owner_key.address_with_key(address)
    except OSError:
        return ""
    if address and printed_to is not None and owner_key.is_kept_in_journal(printed_to):
        return "`manage.py status` prints the address that has the owner's key."
    return address and f"On this machine open {address}"


def user_of(request: HttpRequest) -> User:
    """Return the request's user. LoginMiddleware lets no unknown user through."""
    return cast("User", request.user)


def caller_of(request: HttpRequest) -> Caller:
    """Return where ``request`` comes from."""
    scope: Mapping[str, Any] = getattr(request, "scope", {})
    headers = [(name.lower(), value) for name, value in request.headers.items()]
    # Django leaves out headers that have an underscore in their name
    headers += [pair for pair in _headers_in(scope) if "_" in pair[0]]
    return Caller(
        peer=request.META.get("REMOTE_ADDR") or None,
        headers=tuple(headers),
        http_version=str(scope.get("http_version", "1.1")),
        method=request.method or "",
        proxy=scope.get("habla.proxy"),
        peer_user=scope.get("habla.peer_user", PeerUser.UNKNOWN),
    )


def caller_in(scope: Mapping[str, Any]) -> Caller:
    """Return where the connection of an ASGI scope comes from."""
    client = scope.get("client")
    return Caller(
        peer=client[0] if client else None,
        headers=tuple(_headers_in(scope)),
        http_version=str(scope.get("http_version", "1.1")),
        method=str(scope.get("method", "")),
        proxy=scope.get("habla.proxy"),
        peer_user=scope.get("habla.peer_user", PeerUser.UNKNOWN),
    )


def _headers_in(scope: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (name.decode("latin1").lower(), value.decode("latin1"))
        for name, value in scope.get("headers", [])
    ]


def user_for(scope: Mapping[str, Any]) -> User | None:
    """Return the user of a WebSocket's ASGI scope; None: nobody is logged in.

    A login comes before the owner. Queries the database: to be called on the database thread.
    """
    caller = caller_in(scope)
    return _logged_in(caller) or (owner() if is_from_owner(caller) else None)


def _logged_in(caller: Caller) -> User | None:
    key = session_key(parse_cookie(caller.header("cookie")))
    if not key:
        return None
    request = HttpRequest()
    request.session = _session(key)
    user = get_user(request)
    return user if isinstance(user, User) else None


def _session(key: str) -> SessionBase:
    store: type[SessionBase] = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
    return store(key)


def is_origin_allowed(scope: Mapping[str, Any]) -> bool:
    """Return whether the page that opened the WebSocket of ``scope`` is ours or a trusted one.

    A browser always sends the page's origin, and no page can forge it; a request without one comes
    from a program. ALLOWED_HOSTS checks the Host header, so a foreign name that resolves to this
    machine (DNS rebinding) is refused, and so is another site on another port of it.
    """
    caller = caller_in(scope)
    domain = split_domain_port(caller.host)[0]
    if not domain or not validate_host(domain, settings.ALLOWED_HOSTS):
        return False
    origin = caller.origin
    if origin is None or _is_trusted(origin):
        return True
    # without https anybody on the way could have made the page
    is_safe = scope.get("scheme") != "wss" or origin.startswith("https://")
    return is_safe and is_origin_of(origin, caller.host)


def _is_trusted(origin: str) -> bool:
    return any(_matches(origin, trusted) for trusted in settings.CSRF_TRUSTED_ORIGINS)


def _matches(origin: str, trusted: str) -> bool:
    scheme, _, netloc = origin.lower().partition("://")
    trusted_scheme, _, pattern = trusted.lower().partition("://")
    return scheme == trusted_scheme and is_same_domain(netloc, pattern.removeprefix("*"))


def can_anybody_log_in() -> bool:
    """Return whether an active user has a password. Queries the database."""
    users = get_user_model().objects.filter(is_active=True)
    return any(user.has_usable_password() for user in users.iterator())
