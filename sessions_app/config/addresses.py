"""The names under which other machines may reach this one."""

import socket
from ipaddress import ip_address

import ifaddr

ANYWHERE = ("0.0.0.0", "::", "")
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


def own_names(host: str) -> list[str]:
    """Return the names by which other machines may reach a server that listens on ``host``.

    As in addresses of pages: IPv6 addresses are in brackets.
    """
    return [f"[{name}]" if ":" in name else name for name in reachable_names(host)]


def reachable_names(host: str) -> list[str]:
    """Return the same without brackets: the machine's names, then its addresses."""
    if host not in ANYWHERE:
        return [host]
    name = socket.gethostname().lower()
    return [name, local_name(), *own_addresses(with_ipv6=host == "::")]


def local_name() -> str:
    """Return this machine's name in multicast DNS."""
    return f"{socket.gethostname().lower().partition('.')[0]}.local"


def own_addresses(*, with_ipv6: bool) -> list[str]:
    """Return this machine's addresses in its networks, that of the way out first.

    Of IPv6 only those that stay the same: the others are new each day, and of no use in a bookmark.
    """
    found = []
    for adapter in ifaddr.get_adapters():
        for each in adapter.ips:
            text = each.ip if isinstance(each.ip, str) else each.ip[0]
            address = ip_address(text)
            if address.is_loopback or address.is_link_local:
                continue
            if address.version == 4 or (with_ipv6 and text.lower().startswith(("fc", "fd"))):
                found.append(str(address))
    first = _outward_address()
    return list(dict.fromkeys([*first, *found]))


def _outward_address() -> list[str]:
    # connecting a UDP socket sends nothing: it only finds out which address would be used
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return []
        address: str = probe.getsockname()[0]
    return [address]
