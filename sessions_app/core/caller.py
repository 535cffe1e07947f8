"""Where a request comes from, and whether from this machine; pure functions."""

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.http.request import split_domain_port

IPV6_PREFIX = 64
"""Prefix length of the IPv6 network that a home or a machine is usually given."""
PROXY_HEADERS = frozenset(
    {
        "forwarded",
        "via",
        "true-client-ip",
        "client-ip",
        "x-originating-ip",
        "x-remote-addr",
        "proxy-client-ip",
        "wl-proxy-client-ip",
        "x-cluster-client-ip",
        "x-proxyuser-ip",
        "x-remote-ip",
        "x-scheme",
        "x-host",
        "x-http-host-override",
        "x-ip",
        "x-proto",
        "x-https",
        "x-rewrite-url",
        "x-url-scheme",
        "x-varnish",
        "cdn-loop",
        "cdn-src-ip",
        "front-end-https",
        "max-forwards",
        "z-forwarded-for",
    }
)
PROXY_PREFIXES = (
    "x-forward",
    "x-real-",
    "x-goog-",
    "x-auth-request-",
    "x-authenticated-",
    "x-authentik-",
    "x-pomerium-",
    "x-webauth-",
    "x-remote-",
    "x-nginx-",
    "x-ssl-",
    "x-client-ip",
    "x-client-cert",
    "x-client-verify",
    "x-cluster-",
    "x-gateway-",
    "x-sucuri-",
    "x-akamai-",
    "x-amz-",
    "x-cdn-",
    "x-cloud-trace-",
    "akamai-",
    "ali-cdn-",
    "incap-",
    "proxy-",
    "ssl-client-",
    "x-original-",
    "x-envoy-",
    "x-azure-",
    "x-arr-",
    "x-amzn-",
    "x-appengine-",
    "x-vercel-",
    "cf-",
    "cloudfront-",
    "fastly-",
    "fly-",
    "tailscale-",
    "remote-",
)
"""Headers that only a proxy adds, and prefixes of such: a browser at this machine sends none."""
OWN_PAGES = frozenset({"", "same-origin", "none"})
"""Values of Sec-Fetch-Site from our own pages, for a typed address, and from programs (none)."""
SAFE_METHODS = frozenset({"GET", "HEAD"})
BROWSER_HEADERS = frozenset({"origin", "referer", "sec-fetch-site", "cookie"})
"""Headers that a page can make a browser send, and that a program does not need."""
DEFAULT_PORTS = {"http": "80", "https": "443"}


class PeerUser(Enum):
    """Which user's process is at the other end of a connection."""

    OURS = "a process of the server's own user"
    ANOTHER = "a process of another user, or one that has ended"
    UNKNOWN = "the system does not say"


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a request comes from, as far as it can be told."""

    peer: str | None
    """The client's address; None: there is none."""
    headers: tuple[tuple[str, str], ...]
    """Names in lower case, and values."""
    http_version: str = "1.1"
    method: str = "GET"
    """Empty for a WebSocket."""
    proxy: str | None = None
    """The address of the trusted proxy that forwarded for ``peer``; None: there is none."""
    peer_user: PeerUser = PeerUser.UNKNOWN
    """Which user's process is at the other end of the socket."""

    def header(self, name: str) -> str:
        """Return the value of a header, joined by commas where it was sent twice; empty: absent."""
        return ",".join(value for key, value in self.headers if key == name)

    @property
    def host(self) -> str:
        """Return the Host header, with its port; empty: absent."""
        return self.header("host")

    @property
    def origin(self) -> str | None:
        """Return the Origin header; None: the request is not made by a page of another site."""
        return self.header("origin") or None

    @property
    def is_local(self) -> bool:
        """Return whether the request looks like one from this machine.

        That alone is no proof: any user of the machine, and any proxy on it, can send such a one.
        """
        return (
            is_loopback(self.peer or "")
            and is_loopback(split_domain_port(self.host)[0])
            and not self.is_forwarded
            and self.http_version
            != "1.0"  # what nginx speaks to a server behind it; no browser does
            and (self.origin is None or is_origin_of(self.origin, self.host))
            and not self.is_of_foreign_page
        )

    @property
    def is_at_machine(self) -> bool:
        """Return whether it may come from whoever runs this server, at its own machine.

        Nobody else is told of commands.
        """
        return self.is_local and self.peer_user is not PeerUser.ANOTHER

    @property
    def is_forwarded(self) -> bool:
        """Return whether any header says that a proxy forwarded this."""
        names = {name.replace("_", "-") for name, _ in self.headers}
        return (
            self.proxy is not None
            or bool(names & PROXY_HEADERS)
            or any(name.startswith(PROXY_PREFIXES) for name in names)
        )

    @property
    def may_be_silent_proxy(self) -> bool:
        """Return whether this may come through a proxy on this machine that adds no header."""
        is_odd = self.peer_user is PeerUser.ANOTHER or self.http_version == "1.0"
        return is_loopback(self.peer or "") and is_odd and not self.is_forwarded

    @property
    def is_of_foreign_page(self) -> bool:
        """Return whether a page of another site made this request, other than by a link."""
        if self.header("sec-fetch-site") in OWN_PAGES:
            return False
        is_visit = (
            self.method in SAFE_METHODS
            and self.header("sec-fetch-mode") == "navigate"
            and self.header("sec-fetch-dest") in ("", "document")
        )
        return not is_visit

    @property
    def is_program(self) -> bool:
        """Return whether a program sent this and no browser, so that no page can have forged it."""
        return not any(value and name in BROWSER_HEADERS for name, value in self.headers)


def is_loopback(host: str) -> bool:
    """Return whether an address or host name (without a port) means this machine."""
    if host == "localhost":
        return True
    address = parse_address(host.strip("[]"))
    return address is not None and address.is_loopback


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return ``text`` as an address; None: it is none.

    An IPv4-mapped IPv6 address is returned as the IPv4 address.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def host_and_port(netloc: str, scheme: str) -> tuple[str, str]:
    """Return name and port of a Host header or of an origin, in a form that can be compared."""
    domain, port = split_domain_port(netloc.lower())
    return domain, port or DEFAULT_PORTS.get(scheme, "")


def is_origin_of(origin: str, host: str) -> bool:
    """Return whether ``origin`` is the origin of pages served at ``host``."""
    scheme, _, netloc = origin.partition("://")
    return scheme in DEFAULT_PORTS and host_and_port(netloc, scheme) == host_and_port(host, scheme)


def client_network(address: str) -> str:
    """Return the address, or its IPv6 network: one client may use every address of that."""
    known = parse_address(address)
    if isinstance(known, IPv6Address):
        return str(ip_network((known, IPV6_PREFIX), strict=False))
    return address
