"""Where a request comes from, and whether that is this very machine; pure."""

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.http.request import split_domain_port

IPV6_PREFIX = 64
"""What one household or machine is given of the addresses of IPv6."""
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
"""Names, and how others begin, of what a proxy adds, and a browser at this machine never sends."""
OWN_PAGES = frozenset({"", "same-origin", "none"})
"""What Sec-Fetch-Site says of our own pages, of a typed address, and of programs: nothing."""
SAFE_METHODS = frozenset({"GET", "HEAD"})
BROWSER_HEADERS = frozenset({"origin", "referer", "sec-fetch-site", "cookie"})
"""What a page can make a browser send along, and a program does not need."""
DEFAULT_PORTS = {"http": "80", "https": "443"}


class Peer(Enum):
    """Who is at the other end."""

    OURS = "a process of the server's own user"
    ANOTHER = "a process of another user, or none any more"
    UNKNOWN = "it cannot be found out"


@dataclass(frozen=True, slots=True)
class Caller:
    """The other end of a request, as far as it can be told."""

    peer: str | None
    """The address of who asks; None where there is none."""
    headers: tuple[tuple[str, str], ...]
    """Names in lower case, and values."""
    http_version: str = "1.1"
    method: str = "GET"
    """Empty for a WebSocket."""
    proxy: str | None = None
    """The socket's other end where that is one of HABLA_TRUSTED_PROXIES, who told of ``peer``."""
    whose: Peer = Peer.UNKNOWN
    """Whose process is at the socket's other end."""

    def header(self, name: str) -> str:
        """Return the value of a header, joined by commas where it was sent twice; empty: absent."""
        return ",".join(value for key, value in self.headers if key == name)

    @property
    def host(self) -> str:
        """Return the Host header, with its port; empty: absent."""
        return self.header("host")

    @property
    def origin(self) -> str | None:
        """Return the origin of the page that asks; None: no page, or it asks nothing of another."""
        return self.header("origin") or None

    @property
    def is_local(self) -> bool:
        """Return whether nothing speaks against somebody at the machine itself.

        That alone is no proof: any user of the machine, and any proxy on it, can ask like this.
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
    def is_forwarded(self) -> bool:
        """Return whether a proxy says that it sent this on, however it spells that."""
        names = {name.replace("_", "-") for name, _ in self.headers}
        return (
            self.proxy is not None
            or bool(names & PROXY_HEADERS)
            or any(name.startswith(PROXY_PREFIXES) for name in names)
        )

    @property
    def may_be_silent_proxy(self) -> bool:
        """Return whether this may come by a proxy on this machine that says nothing of itself."""
        is_odd = self.whose is Peer.ANOTHER or self.http_version == "1.0"
        return is_loopback(self.peer or "") and is_odd and not self.is_forwarded

    @property
    def is_of_foreign_page(self) -> bool:
        """Return whether a browser says that a page of another site asks, and not its visitor."""
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
        """Return whether no browser is behind this, so that no page can have forged it."""
        return not any(value and name in BROWSER_HEADERS for name, value in self.headers)


def is_loopback(host: str) -> bool:
    """Return whether an address, or a Host header's name without its port, means this machine."""
    if host == "localhost":
        return True
    address = parse_address(host.strip("[]"))
    return address is not None and address.is_loopback


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address that ``text`` is; None: it is none.

    An IPv4 address that stands in an IPv6 one is returned as itself.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def host_and_port(netloc: str, scheme: str) -> tuple[str, str]:
    """Return the name and port of a Host header or of an origin's host, ready to be compared."""
    domain, port = split_domain_port(netloc.lower())
    return domain, port or DEFAULT_PORTS.get(scheme, "")


def is_origin_of(origin: str, host: str) -> bool:
    """Return whether a page of ``origin`` is one that the server at ``host`` gave out."""
    scheme, _, netloc = origin.partition("://")
    return scheme in DEFAULT_PORTS and host_and_port(netloc, scheme) == host_and_port(host, scheme)


def household(address: str) -> str:
    """Return what stands for all who share an address, or the addresses of one household."""
    known = parse_address(address)
    if isinstance(known, IPv6Address):
        return str(ip_network((known, IPV6_PREFIX), strict=False))
    return address
