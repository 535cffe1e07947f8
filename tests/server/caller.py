"""A client of a real server that comes back to its session."""

import asyncio
import json
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.patience import PATIENCE_SECONDS
from tests.server.running import Running


class Caller:
    """A client that may come back, over one connection at a time."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.ticket = ""
        self.socket: ClientConnection

    async def call(self, server: Running, **query: str) -> dict[str, Any]:
        """Connect, and return the greeting."""
        fields = query or {"resumable": "1"}
        if self.ticket:
            seen = max([0, *(m["event"] for m in self.heard if "event" in m)])
            fields |= {"resume": self.ticket, "seen": str(seen)}
        asked = "&".join(f"{name}={value}" for name, value in fields.items())
        self.socket = await connect(f"{server.socket_address}?{asked}", proxy=None)
        greeting = await self.until("ready", "resumed")
        self.ticket = greeting["resume"]["ticket"]
        return greeting

    async def until(self, *kinds: str) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                message: dict[str, Any] = json.loads(await self.socket.recv())
                self.heard.append(message)
                if message["type"] in kinds:
                    return message

    async def say(self, kind: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": kind, **fields}))

    def told(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.heard if message["type"] == kind]

    def words(self) -> list[str]:
        return [message["source"] for message in self.told("translation")]

    def lose(self) -> None:
        """Lose the network, as by a reset of the connection."""
        self.socket.transport.abort()
