"""The names by which others reach this process, which change with its networks."""

from django.conf import settings

from sessions_app.config.addresses import own_names, reachable_names
from sessions_app.core.caller import is_loopback


class OwnNames:
    """The machine's names, of which ALLOWED_HOSTS holds all, unless the operator named his own."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._ours: list[str] = []
        """Of ALLOWED_HOSTS, what was added here."""

    @property
    def is_open(self) -> bool:
        """Return whether other machines can reach it."""
        return not is_loopback(self._host)

    def allow(self) -> bool:
        """Accept requests by the names that there are now; return whether they have changed."""
        if not self.is_open or settings.HAS_NAMED_HOSTS:
            return False
        names = own_names(self._host)
        if names == self._ours:
            return False
        others = [name for name in settings.ALLOWED_HOSTS if name not in self._ours]
        settings.ALLOWED_HOSTS = [*others, *names]
        self._ours = names
        return True

    def best(self) -> tuple[str, ...]:
        """Return the names for people, the most useful first: those in the operator's words."""
        if not self.is_open:
            return ()
        if settings.HAS_NAMED_HOSTS:
            named = [name.strip("[]") for name in settings.ALLOWED_HOSTS]
            return tuple(n for n in named if not n.startswith(("*", ".")) and not is_loopback(n))
        found = reachable_names(self._host)
        addresses = [name for name in found if name[0].isdigit() or ":" in name]
        return (*addresses, *(name for name in found if name not in addresses))
