"""The names under which other machines may reach this one."""

import socket

ANYWHERE = ("0.0.0.0", "::", "")


def own_names(host: str) -> list[str]:
    """Return the names by which other machines may reach a server that listens on ``host``."""
    if host not in ANYWHERE:
        return [f"[{host}]" if ":" in host else host]
    name = socket.gethostname().lower()
    return [name, f"{name.partition('.')[0]}.local", *_outward_address()]


def _outward_address() -> list[str]:
    # connecting a UDP socket sends nothing: it only finds out which address would be used
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return []
        address: str = probe.getsockname()[0]
    return [address]
