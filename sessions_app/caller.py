"""Where a request comes from, and whether that is this very machine; pure."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from django.http.request import split_domain_port

PROXY_HEADERS = frozenset({"forwarded", "x-real-ip", "via"})
"""With ``x-forwarded-*``: what a proxy adds, and a browser at this machine never sends."""
BROWSER_HEADERS = frozenset({"origin", "referer", "sec-fetch-site", "cookie"})
"""What a page can make a browser send along, and a program does not need."""
DEFAULT_PORTS = {"http": "80", "https": "443"}


@dataclass(frozen=True, slots=True)
class Caller:
    """The other end of a request, as far as it can be told."""

    peer: str | None
    """The address of the socket's other end; None where it has none."""
    headers: tuple[tuple[str, str], ...]
    """Names in lower case, and values."""
    http_version: str = "1.1"
    is_behind_proxy: bool = False
    """Whether the socket's other end is one of HABLA_TRUSTED_PROXIES."""

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
    def is_at_home(self) -> bool:
        """Return whether this is somebody at the machine itself, not sent on by anything."""
        return (
            is_loopback(self.peer or "")
            and is_loopback(split_domain_port(self.host)[0])
            and not self.is_forwarded
            and self.http_version
            != "1.0"  # what nginx speaks to a server behind it; no browser does
            and (self.origin is None or is_loopback(_domain(self.origin)))
        )

    @property
    def is_forwarded(self) -> bool:
        """Return whether a proxy says that it sent this on."""
        names = {name for name, _ in self.headers}
        return (
            self.is_behind_proxy
            or bool(names & PROXY_HEADERS)
            or any(n.startswith("x-forwarded-") for n in names)
        )

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


def _domain(origin: str) -> str:
    return split_domain_port(origin.partition("://")[2])[0]
