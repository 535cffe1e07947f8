"""What proxies tell of whom they forward, believed only of those that HABLA_TRUSTED_PROXIES names.

A client can send these headers as well as a proxy can. So the peer of the socket decides, and of
X-Forwarded-For only what trusted proxies added: read from the right, up to the first that is none.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from sessions_app.config import conf
from sessions_app.config.conf import Network
from sessions_app.core.caller import parse_address

SCHEMES = {"http": "ws", "https": "wss"}
"""What X-Forwarded-Proto may say, and what that is called for a WebSocket."""

Scope = Mapping[str, Any]
Application = Callable[..., Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Told:
    """Who asked a trusted proxy, and for what; empty: it does not say."""

    address: str
    scheme: str = ""
    host: str = ""


class TrustedProxies:
    """An ASGI application that sees the client, scheme and host that a trusted proxy told of.

    Of any other peer the scope stays as it is. What was told about has ``habla.proxy``, the
    address of that proxy: nobody behind one is at this machine.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Serve a connection."""
        await self._application(as_told(scope), receive, send)


def client_address(asking: HttpRequest | Scope) -> str:
    """Return the address of who asks, as text; empty where it is not known.

    That is the socket's other end, or whom trusted proxies name. ``asking`` is a request, or an
    ASGI scope that came through TrustedProxies.
    """
    if isinstance(asking, HttpRequest):
        return str(asking.META.get("REMOTE_ADDR") or "")
    client = asking.get("client")
    return str(client[0]) if client else ""


def as_told(scope: Scope) -> Scope:
    """Return ``scope`` as the trusted proxy that it comes from tells it; else unchanged."""
    peer = client_address(scope)
    if scope["type"] not in ("http", "websocket") or not _is_in(peer, conf.trusted_proxies()):
        return scope
    told = told_by(peer, scope["headers"], conf.trusted_proxies())
    port = scope["client"][1] if told.address == peer else 0
    headers = list(scope["headers"])
    if told.host:
        headers = [pair for pair in headers if pair[0] != b"host"]
        headers.append((b"host", told.host.encode("latin1")))
    changed = {"client": [told.address, port], "headers": headers, "habla.proxy": peer}
    if told.scheme:
        is_socket = scope["type"] == "websocket"
        changed["scheme"] = SCHEMES[told.scheme] if is_socket else told.scheme
    return {**scope, **changed}


def told_by(peer: str, headers: Sequence[tuple[bytes, bytes]], trusted: Sequence[Network]) -> Told:
    """Return what the headers of a trusted ``peer`` tell.

    Where several proxies stand in a row, and each adds to a header, that of the outermost trusted
    one counts: what stands before it may come from the client.
    """
    address, hops = _outermost(peer, _words(headers, b"x-forwarded-for"), trusted)
    scheme = _said_at(hops, _words(headers, b"x-forwarded-proto")).lower()
    host = _said_at(hops, _words(headers, b"x-forwarded-host"))
    return Told(address, scheme if scheme in SCHEMES else "", host)


def _outermost(peer: str, words: Sequence[str], trusted: Sequence[Network]) -> tuple[str, int]:
    """Return who asked the outermost trusted proxy, and how many of those were passed."""
    address, hops = peer, 1
    for word in reversed(words):
        found = parse_address(_without_port(word))
        if found is None:  # "unknown", or a forged name: known is only who said so
            return address, hops
        address = str(found)
        if not _is_in(address, trusted):
            return address, hops
        hops += 1
    return address, max(1, min(hops, len(words)))


def _without_port(word: str) -> str:
    """Return an address without the port that some proxies add, as in `[2001:db8::1]:80`."""
    if word.startswith("["):
        return word[1:].partition("]")[0]
    return word.partition(":")[0] if word.count(":") == 1 else word


def _said_at(hops: int, words: Sequence[str]) -> str:
    return words[-min(hops, len(words))] if words else ""


def _words(headers: Sequence[tuple[bytes, bytes]], name: bytes) -> list[str]:
    values = [value.decode("latin1") for key, value in headers if key == name]
    return [word.strip() for value in values for word in value.split(",") if word.strip()]


def _is_in(text: str, networks: Sequence[Network]) -> bool:
    address = parse_address(text)
    return address is not None and any(address in network for network in networks)
