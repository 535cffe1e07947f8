"""X-Forwarded-For, -Proto and -Host, believed only from proxies in HABLA_TRUSTED_PROXIES.

A client can send these headers as well as a proxy can. So they count only if the socket's peer is
trusted, and X-Forwarded-For is read from the right, up to the first address that is not trusted.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from sessions_app.config import conf
from sessions_app.config.kinds import Network
from sessions_app.core.caller import parse_address

SCHEMES = {"http": "ws", "https": "wss"}
"""Values of X-Forwarded-Proto, and the scheme of a WebSocket for each."""

Scope = Mapping[str, Any]
Application = Callable[..., Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The client, scheme and host that a trusted proxy names; empty: it does not say."""

    address: str
    scheme: str = ""
    host: str = ""


class TrustedProxies:
    """ASGI middleware that puts into the scope the client, scheme and host a trusted proxy names.

    For any other peer the scope is unchanged. A changed scope has ``habla.proxy``, the address of
    that proxy: a client behind one is never at this machine.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Serve a connection."""
        await self._application(with_forwarded(scope), receive, send)


def client_address(asking: HttpRequest | Scope) -> str:
    """Return the client's address as text; empty if unknown.

    That is the socket's peer, or whom trusted proxies name. ``asking`` is a request, or an ASGI
    scope that came through TrustedProxies.
    """
    if isinstance(asking, HttpRequest):
        return str(asking.META.get("REMOTE_ADDR") or "")
    client = asking.get("client")
    return str(client[0]) if client else ""


def with_forwarded(scope: Scope) -> Scope:
    """Return ``scope`` with what its trusted proxy forwards; unchanged for any other peer."""
    peer = client_address(scope)
    if scope["type"] not in ("http", "websocket") or not _is_in(peer, conf.trusted_proxies()):
        return scope
    forwarded = parse_forwarded(peer, scope["headers"], conf.trusted_proxies())
    port = scope["client"][1] if forwarded.address == peer else 0
    headers = list(scope["headers"])
    if forwarded.host:
        headers = [pair for pair in headers if pair[0] != b"host"]
        headers.append((b"host", forwarded.host.encode("latin1")))
    changed = {"client": [forwarded.address, port], "headers": headers, "habla.proxy": peer}
    if forwarded.scheme:
        is_socket = scope["type"] == "websocket"
        changed["scheme"] = SCHEMES[forwarded.scheme] if is_socket else forwarded.scheme
    return {**scope, **changed}


def parse_forwarded(
    peer: str, headers: Sequence[tuple[bytes, bytes]], trusted: Sequence[Network]
) -> Forwarded:
    """Return what the headers of a trusted ``peer`` say.

    Where several proxies in a row each append to a header, the value of the outermost trusted one
    counts: values before it may come from the client.
    """
    address, hops = _outermost(peer, _words(headers, b"x-forwarded-for"), trusted)
    scheme = _value_at(hops, _words(headers, b"x-forwarded-proto")).lower()
    host = _value_at(hops, _words(headers, b"x-forwarded-host"))
    return Forwarded(address, scheme if scheme in SCHEMES else "", host)


def _outermost(peer: str, words: Sequence[str], trusted: Sequence[Network]) -> tuple[str, int]:
    """Return the client of the outermost trusted proxy, and the number of proxies passed."""
    address, hops = peer, 1
    for word in reversed(words):
        found = parse_address(_without_port(word))
        if found is None:  # "unknown", or forged: only the one who sent it is known
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


def _value_at(hops: int, words: Sequence[str]) -> str:
    return words[-min(hops, len(words))] if words else ""


def _words(headers: Sequence[tuple[bytes, bytes]], name: bytes) -> list[str]:
    values = [value.decode("latin1") for key, value in headers if key == name]
    return [word.strip() for value in values for word in value.split(",") if word.strip()]


def _is_in(text: str, networks: Sequence[Network]) -> bool:
    address = parse_address(text)
    return address is not None and any(address in network for network in networks)
