"""Where a server listens, and by which addresses others reach it."""

from dataclasses import dataclass, field

DEFAULT_PORTS = {"http": 80, "https": 443}
BESIDE = {0: 0, 443: 80, 8443: 8000}
"""The port that redirects to https, by that of https; for any other it is the next one."""
LAST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Listening:
    """What a process serves, as others see it."""

    host: str
    port: int
    plain_port: int | None = None
    """The port that redirects to https; None: this process does not speak https."""
    names: tuple[str, ...] = ()
    """By which others reach it, the best first; empty: only this machine does."""
    authority: bytes = field(default=b"", repr=False)
    """The certificate of the house's own authority, in PEM; empty: there is none."""

    @property
    def scheme(self) -> str:
        """Return `https`, or `http`."""
        return "http" if self.plain_port is None else "https"

    def __str__(self) -> str:
        """Return the address at which it listens."""
        return address_at(self.scheme, self.host, self.port, has_port=True)

    def address(self, name: str = "") -> str:
        """Return the address of its pages by a name; by the best one without."""
        return address_at(self.scheme, name or self._best(), self.port)

    def guide(self, name: str = "") -> str:
        """Return the address of the page that leads a phone here, which it can open at once."""
        port = self.port if self.plain_port is None else self.plain_port
        return address_at("http", name or self._best(), port) + "/phone/"

    def _best(self) -> str:
        return self.names[0] if self.names else "localhost"


def address_at(scheme: str, name: str, port: int, *, has_port: bool = False) -> str:
    """Return an address without a path; its default port is left out, unless ``has_port``."""
    name = f"[{name.strip('[]')}]" if ":" in name else name
    is_default = DEFAULT_PORTS[scheme] == port and not has_port
    return f"{scheme}://{name}" if is_default else f"{scheme}://{name}:{port}"


def port_beside(port: int) -> int:
    """Return the port that redirects to https at ``port``, where none is named."""
    return BESIDE.get(port, port + 1 if port < LAST_PORT else port - 1)
