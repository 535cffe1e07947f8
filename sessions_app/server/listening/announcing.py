"""The announcement of this machine's `.local` name, so that a phone in the house finds it.

That is multicast DNS, best effort: where it is not possible, addresses still are.
"""

import asyncio
import logging
import socket
from contextlib import suppress

from zeroconf import Error as ZeroconfError
from zeroconf import InterfaceChoice, IPVersion, ServiceInfo
from zeroconf.asyncio import AsyncZeroconf

from sessions_app.config.addresses import own_addresses
from sessions_app.core.listening import Listening

logger = logging.getLogger(__name__)

ANNOUNCE_SECONDS = 5.0
"""How long the announcement may take; its first second asks whether the name is taken."""
GOODBYE_SECONDS = 1.0
"""How long taking it back may take."""


class Announcer:
    """Announces one `.local` name, until it is closed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._responder: AsyncZeroconf | None = None

    @property
    def is_announced(self) -> bool:
        """Return whether others can find this machine by the name."""
        return self._responder is not None

    async def announce(self, listening: Listening) -> None:
        """Announce where is listened, at the addresses that there are now."""
        await self.close()
        addresses = own_addresses(with_ipv6=False)
        if not addresses:
            return
        responder = None
        try:
            async with asyncio.timeout(ANNOUNCE_SECONDS):
                responder = AsyncZeroconf(
                    interfaces=InterfaceChoice.All, ip_version=IPVersion.V4Only
                )
                service = self._service(listening, addresses)
                await (await responder.async_register_service(service, allow_name_change=True))
        except (OSError, TimeoutError, ZeroconfError) as error:
            logger.info("%s could not be announced: %s", self.name, error)
            if responder is not None:
                await _close(responder)
        else:
            self._responder = responder
            logger.info("announced as %s at %s", self.name, ", ".join(addresses))

    async def close(self) -> None:
        """Say goodbye to the network. May be called twice."""
        responder, self._responder = self._responder, None
        if responder is not None:
            await _close(responder)

    def _service(self, listening: Listening, addresses: list[str]) -> ServiceInfo:
        kind = f"_{listening.scheme}._tcp.local."
        return ServiceInfo(
            kind,
            f"Habla on {self.name.removesuffix('.local')}.{kind}",
            addresses=[socket.inet_aton(address) for address in addresses],
            port=listening.port,
            properties={"path": "/"},
            server=f"{self.name}.",
        )


async def _close(responder: AsyncZeroconf) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(GOODBYE_SECONDS):
            await responder.async_close()
