"""Names and addresses as certificates hold them."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from cryptography import x509

PRIVATE_NETWORKS = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "100.64.0.0/10",  # of providers, and of Tailscale
        "127.0.0.0/8",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)
"""Addresses that exist in many houses, and nowhere in the internet."""
PRIVATE_DOMAINS = ("localhost", "local", "lan", "internal", "home.arpa", "fritz.box")
"""Names that exist in many houses, with all names below them."""


def address_of(name: str) -> IPv4Address | IPv6Address | None:
    """Return a host as an address, which may be in brackets; None: it is a name."""
    try:
        return ip_address(name.strip("[]"))
    except ValueError:
        return None


def as_general_name(name: str) -> x509.GeneralName:
    """Return a host as a certificate holds it.

    Raises:
        ValueError: a name that is not ASCII.
    """
    address = address_of(name)
    return x509.DNSName(name) if address is None else x509.IPAddress(address)


def permitted(names: Iterable[str]) -> list[x509.GeneralName]:
    """Return what an authority may sign for that must never vouch for anything in the internet.

    That is what is private, and ``names``, which this machine has.
    """
    own = [as_general_name(name) for name in names if not is_private(name)]
    trees: list[x509.GeneralName] = [x509.IPAddress(network) for network in PRIVATE_NETWORKS]
    trees += [x509.DNSName(domain) for domain in PRIVATE_DOMAINS]
    return trees + [
        x509.IPAddress(ip_network(each.value)) if isinstance(each, x509.IPAddress) else each
        for each in own
    ]


def is_private(name: str) -> bool:
    """Return whether a host is one that only exists within a house."""
    address = address_of(name)
    if address is not None:
        return any(address in network for network in PRIVATE_NETWORKS)
    return any(f".{name}".endswith(f".{domain}") for domain in PRIVATE_DOMAINS)


def is_within(name: str, trees: Iterable[x509.GeneralName]) -> bool:
    """Return whether a host lies in one of the permitted ``trees``."""
    return any(_is_in(name, tree) for tree in trees)


def _is_in(name: str, tree: x509.GeneralName) -> bool:
    address = address_of(name)
    if address is None:
        return isinstance(tree, x509.DNSName) and f".{name}".endswith(f".{tree.value}")
    return isinstance(tree, x509.IPAddress) and address in ip_network(str(tree.value))
