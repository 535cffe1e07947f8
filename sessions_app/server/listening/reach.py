"""Where the serving process is reached: its ports, names and certificate, as they are now."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace

from django.conf import settings

from sessions_app.config.addresses import local_name
from sessions_app.config.variables import Conf
from sessions_app.core.listening import Listening
from sessions_app.live.registry import Registry
from sessions_app.server.daphne import Encryption
from sessions_app.server.listening.announcing import Announcer
from sessions_app.server.listening.https import Https
from sessions_app.server.listening.names import OwnNames

logger = logging.getLogger(__name__)

LOOK_SECONDS = 15.0
"""How often the networks and the certificate are looked at: a laptop may change its network."""


class Reach:
    """Follows the networks of this machine while the process serves at ``wanted``.

    Raises:
        CertificateError: the certificate for https cannot be used.
        OSError: none can be written.
    """

    def __init__(self, registry: Registry, conf: Conf, wanted: Listening) -> None:
        self._registry = registry
        self._now = wanted
        self._names = OwnNames(wanted.host)
        self._names.allow()
        self._https = None if wanted.plain_port is None else Https(conf, wanted.host)
        if self._https is not None:
            self._https.begin(wanted.port)
        is_announced = conf.is_announced and self._names.is_open
        self._announcer = Announcer(local_name()) if is_announced else None
        self._is_announcement_due = False

    @property
    def is_open(self) -> bool:
        """Return whether other machines can reach it."""
        return self._names.is_open

    @property
    def encryption(self) -> Encryption | None:
        """Return what the server needs to speak https; None: it does not."""
        if self._https is None or self._now.plain_port is None:
            return None
        return Encryption(self._https.shown, self._now.plain_port)

    def begin(self, ports: Sequence[int]) -> Listening:
        """Return where it listens, once the ports are open."""
        plain_port = ports[1] if self._https is not None else None
        self._now = replace(self._now, port=ports[0], plain_port=plain_port)
        return self._describe()

    async def announce(self) -> Listening:
        """Announce the machine's name, where that is wanted; return where it listens."""
        if self._announcer is not None:
            await self._announcer.announce(self._now)
        return self._describe()

    async def keep_current(self) -> None:
        """Follow the networks and the certificate, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()
            if self._is_announcement_due:
                self._is_announcement_due = False
                await self.announce()

    def look(self) -> None:
        """Notice other names, and show another certificate if there is a newer one, or one is due.

        The names are announced a little later.
        """
        if self._names.allow():
            self._is_announcement_due = True
            logger.info("others reach this server as %s", ", ".join(settings.ALLOWED_HOSTS))
        if self._https is not None:
            self._https.look(self._registry)
        self._describe()

    async def close(self) -> None:
        """Take the announcement back."""
        if self._announcer is not None:
            await self._announcer.close()

    def _describe(self) -> Listening:
        names = self._names.best()
        if self._announcer is not None and self._announcer.is_announced:
            names = tuple(dict.fromkeys([self._announcer.name, *names]))
        authority = self._https.authority if self._https is not None else b""
        self._now = replace(self._now, names=names, authority=authority)
        self._registry.listening = self._now
        return self._now
