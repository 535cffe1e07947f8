"""The key of who sits at this machine: in the address that `make run` prints, then in a cookie.

It is asked for where an address and a user's number are not enough: where the system does not say
whose process is at the other end, and before anything that deletes or gives rights to others.
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
from sessions_app.config.secret_file import kept_secret
from sessions_app.core.caller import Caller, is_loopback
from sessions_app.core.descriptors import is_lack

NAME = "owner_key"
"""Of the file in the data directory, and how the cookie's name begins."""
PARAMETER = "key"
SECRET_BYTES = 32
COOKIE_SECONDS = 365 * 86_400
LONGEST_HEADER = 16_384


def owner_key() -> str:
    """Return the key of this data directory, made at the first call.

    Raises:
        OSError: it can neither be read nor be kept.
    """
    return kept_secret(conf.data_dir() / NAME, lambda: secrets.token_urlsafe(SECRET_BYTES))


def _key_or_none() -> str | None:
    """Return the key; None where there is none that could be kept or read."""
    try:
        return owner_key()
    except OSError as error:
        if is_lack(error):  # that passes, and says nothing of who asks
            raise
        return None


def is_key(text: str) -> bool:
    """Return whether ``text`` is the key, as an address or a program gives it.

    Raises:
        OSError: no file can be opened just now.
    """
    key = _key_or_none()
    return key is not None and hmac.compare_digest(text.encode(), key.encode())


def is_carried_by(caller: Caller) -> bool:
    """Return whether a request carries the key: a browser's cookie, or a program's header.

    Raises:
        OSError: no file can be opened just now.
    """
    scheme, _, given = caller.header("authorization").partition(" ")
    if scheme.lower() == "bearer" and is_key(given.strip()):
        return True
    cookie = caller.header("cookie")
    if NAME not in cookie or len(cookie) > LONGEST_HEADER:
        return False
    key = _key_or_none()
    if key is None:
        return False
    name, value = _cookie(key)
    return hmac.compare_digest(parse_cookie(cookie).get(name, "").encode(), value.encode())


def give_cookie(request: HttpRequest, response: HttpResponseBase) -> None:
    """Let the browser carry the key from now on."""
    name, value = _cookie(owner_key())
    response.set_cookie(
        name,
        value,
        max_age=COOKIE_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )


def address_with_key(address: str) -> str:
    """Return the address of the page that gives a browser at this machine the key.

    ``address`` is where the server listens. Empty: it cannot be reached by loopback.

    Raises:
        OSError: there is no key, and none could be kept.
    """
    parts = urlsplit(address)
    host = "127.0.0.1" if parts.hostname in ANYWHERE else parts.hostname or ""
    if not is_loopback(host):
        return ""
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{parts.port}/?{PARAMETER}={owner_key()}"


def is_kept_in_journal(descriptor: int) -> bool:
    """Return whether what is written there lands in systemd's journal, which others may read."""
    with suppress(OSError):
        found = os.fstat(descriptor)
        named = os.environ.get("JOURNAL_STREAM", "")
        return stat.S_ISSOCK(found.st_mode) and named == f"{found.st_dev}:{found.st_ino}"
    return False


def _cookie(key: str) -> tuple[str, str]:
    """Return the cookie's name and value.

    Cookies know no port: two servers of one machine must not take each other's, nor should another
    server be sent the key itself.
    """
    name = hashlib.sha256(key.encode()).hexdigest()[:8]
    return f"{NAME}_{name}", hmac.new(key.encode(), b"cookie", hashlib.sha256).hexdigest()
