"""The plain port of a server that speaks https: it leads to https, and does nothing else.

What a device needs before it can trust the certificate is served there too: the page that says how,
the certificate itself, and what that page is made of. None of it is anybody's secret.
"""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from sessions_app.transport.channel import HttpChannel
from sessions_app.transport.limits import HEALTH_CHECKS, BodyBudget

PHONE = "/phone/"
"""The page that leads a phone here, and all below it."""
PLAIN_PREFIXES = (PHONE, "/static/")
SAFE_METHODS = (b"GET", b"HEAD")
HTTPS_PORT = 443


class RedirectingChannel(HttpChannel):
    """An HTTP channel that redirects to ``https_port`` of the name that it was asked by."""

    def __init__(self, body_budget: BodyBudget, https_port: int) -> None:
        super().__init__(body_budget)
        self._https_port = https_port

    def answers_itself(self, request: Any) -> bool:
        """Redirect what is not served without https; return whether that was done."""
        target = self._path.decode("ascii")
        upgrades = request.requestHeaders.getRawHeaders(b"Upgrade", [])
        is_socket = bool(upgrades) and upgrades[0].lower() == b"websocket"
        if self._command in SAFE_METHODS and not is_socket and is_plain(target):
            return False
        host = b"".join(request.requestHeaders.getRawHeaders(b"Host", [])).decode("latin1")
        domain, _ = split_domain_port(host)
        if domain and validate_host(domain, settings.ALLOWED_HOSTS):
            location = secure_address(domain, self._https_port, target, is_socket=is_socket)
            # not for ever: this port may be used without https again
            self.refuse(HTTPStatus.TEMPORARY_REDIRECT, more=[("Location", location)])
        else:
            self.refuse(HTTPStatus.BAD_REQUEST)
        return True


def is_plain(target: str) -> bool:
    """Return whether a path, with its query, is also served without https."""
    path = target.partition("?")[0]
    return path in HEALTH_CHECKS or path.startswith(PLAIN_PREFIXES)


def secure_address(name: str, port: int, target: str, *, is_socket: bool) -> str:
    """Return the address of ``target`` at ``port`` of a name, which has its brackets if any."""
    scheme = "wss" if is_socket else "https"
    return f"{scheme}://{name}{'' if port == HTTPS_PORT else f':{port}'}{target}"
