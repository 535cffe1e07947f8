"""Addresses for people elsewhere: whoever opens a page on the server's machine sees another one."""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from sessions_app.core.listening import Listening


@dataclass(frozen=True, slots=True)
class ReaderAddress:
    """The address of a page as a reader needs it."""

    address: str
    is_local: bool
    """Whether it is good on the server's machine only, since no other is known."""


def reader_address(
    request: HttpRequest, path: str, listening: Listening | None = None
) -> ReaderAddress:
    """Return the address of ``path`` by which others reach it, whoever asks from wherever.

    That is the one by which the page was opened, unless that means the machine itself. Then it is
    that of a proxy in front, if the settings name one, or the one at which this process is
    ``listening`` for others.
    """
    own = request.build_absolute_uri(path)
    if not _is_local(urlsplit(own).hostname or ""):
        return ReaderAddress(own, is_local=False)
    origin = _public_origin() or _own_origin(listening)
    if origin is None:
        return ReaderAddress(own, is_local=True)
    return ReaderAddress(origin.rstrip("/") + path, is_local=False)


def _is_local(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:  # a name
        return False


def _own_origin(listening: Listening | None) -> str | None:
    return listening.address() if listening is not None and listening.names else None


def _public_origin() -> str | None:
    for origin in settings.CSRF_TRUSTED_ORIGINS:
        host = urlsplit(origin).hostname or ""
        if "*" not in origin and host and not _is_local(host):
            return str(origin)
    return None
