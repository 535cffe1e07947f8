"""The owner's key: in the address that `make run` prints, then in a cookie.

It is required where the address and the user of the peer are not enough: if the system does not say
whose process is at the other end, and for everything that deletes or gives rights to others.
"""

import hashlib
import hmac
import os
import secrets
import stat
from contextlib import suppress
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponseBase, parse_cookie

from sessions_app.config import conf
from sessions_app.config.addresses import ANYWHERE
from sessions_app.config.https_settings import PREFIX as HTTPS_PREFIX
from sessions_app.config.secret_file import kept_secret
from sessions_app.core.caller import Caller, is_loopback
from sessions_app.core.descriptors import is_exhaustion

NAME = "owner_key"
"""Name of the file in the data directory, and prefix of the cookie's name."""
PARAMETER = "key"
SECRET_BYTES = 32
COOKIE_SECONDS = 365 * 86_400
MAX_COOKIE_CHARACTERS = 16_384


def owner_key() -> str:
    """Return the key of this data directory, created at the first call.

    Raises:
        OSError: it can be neither read nor written.
    """
    return kept_secret(conf.data_dir() / NAME, lambda: secrets.token_urlsafe(SECRET_BYTES))


def _key_or_none() -> str | None:
    """Return the key; None if it can be neither read nor written."""
    try:
        return owner_key()
    except OSError as error:
        if is_exhaustion(error):  # that is temporary
            raise
        return None


def is_key(text: str) -> bool:
    """Return whether ``text``, from a URL or a header, is the key.

    Raises:
        OSError: file descriptors are exhausted.
    """
    key = _key_or_none()
    return key is not None and hmac.compare_digest(text.encode(), key.encode())


def is_carried_by(caller: Caller) -> bool:
    """Return whether a request carries the key, in a cookie or an Authorization header.

    Raises:
        OSError: file descriptors are exhausted.
    """
    scheme, _, given = caller.header("authorization").partition(" ")
    if scheme.lower() == "bearer" and is_key(given.strip()):
        return True
    cookie = caller.header("cookie")
    if NAME not in cookie or len(cookie) > MAX_COOKIE_CHARACTERS:
        return False
    key = _key_or_none()
    if key is None:
        return False
    cookies = parse_cookie(cookie)
    return any(
        hmac.compare_digest(cookies.get(name, "").encode(), value.encode())
        for name, value in (_cookie(key), _cookie(key, is_secure=True))
    )


def give_cookie(request: HttpRequest, response: HttpResponseBase) -> None:
    """Set the cookie that carries the key."""
    name, value = _cookie(owner_key(), is_secure=request.is_secure())
    response.set_cookie(
        name,
        value,
        max_age=COOKIE_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )


def address_with_key(address: str) -> str:
    """Return the address that gives a browser at this machine the key.

    ``address`` is where the server listens. Empty: it cannot be reached by loopback.

    Raises:
        OSError: the key can be neither read nor written.
    """
    parts = urlsplit(address)
    host = "127.0.0.1" if parts.hostname in ANYWHERE else parts.hostname or ""
    if not is_loopback(host):
        return ""
    name = f"[{host}]" if ":" in host else host
    port = "" if parts.port is None else f":{parts.port}"
    return f"{parts.scheme}://{name}{port}/?{PARAMETER}={owner_key()}"


def is_kept_in_journal(descriptor: int) -> bool:
    """Return whether ``descriptor`` writes to systemd's journal, which others may read."""
    with suppress(OSError):
        found = os.fstat(descriptor)
        named = os.environ.get("JOURNAL_STREAM", "")
        return stat.S_ISSOCK(found.st_mode) and named == f"{found.st_dev}:{found.st_ino}"
    return False


def _cookie(key: str, *, is_secure: bool = False) -> tuple[str, str]:
    """Return the cookie's name and value; by https it has a name of its own (https_settings.py).

    Cookies are not separated by port: two servers on one machine must not use the same cookie, nor
    should another server be sent the key itself.
    """
    name = f"{NAME}_{hashlib.sha256(key.encode()).hexdigest()[:8]}"
    value = hmac.new(key.encode(), b"cookie", hashlib.sha256).hexdigest()
    return f"{HTTPS_PREFIX}{name}" if is_secure else name, value
