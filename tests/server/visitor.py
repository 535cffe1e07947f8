"""A client of a real server: a real socket, and plain HTTP."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.patience import PATIENCE_SECONDS
from tests.sounds import chunks


class Visitor:
    """A client that keeps all messages."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.heard: list[dict[str, Any]] = []

    async def say(self, kind: str, **fields: Any) -> None:
        await self._socket.send(json.dumps({"type": kind, **fields}))

    async def send(self, message: str | bytes) -> bool:
        """Send a raw frame; return whether the connection was still there."""
        try:
            await self._socket.send(message)
        except ConnectionClosed:
            return False
        return True

    async def send_sound(self, pcm: bytes) -> None:
        for chunk in chunks(pcm):
            await self._socket.send(chunk)

    async def listen(self, pcm: bytes) -> None:
        """Start listening to PCM, and send it."""
        await self.say("start_listening", encoding="pcm-s16le")
        await self.send_sound(pcm)

    async def type_and_hear(self, text: str) -> None:
        """Type a text, and wait for its translation."""
        await self.say("text_input", text=text)
        assert (await self.until("translation"))["source"] == text

    async def until(self, kind: str) -> dict[str, Any]:
        """Return the next message of this kind, after reading all before it."""
        while (message := await self.next())["type"] != kind:
            pass
        return message

    async def next(self) -> dict[str, Any]:
        """Return the next message."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            message: dict[str, Any] = json.loads(await self._socket.recv())
        self.heard.append(message)
        return message

    async def leave(self) -> None:
        """Close the connection."""
        await self._socket.close()

    def lose(self) -> None:
        """Lose the network, as by a reset of the connection."""
        self._socket.transport.abort()

    async def close_code(self) -> int | None:
        """Return the code with which the server closes, after reading all messages before."""
        try:
            await self.until("nothing that there is")
        except ConnectionClosed:
            return self._socket.close_code
        return None

    def told(self, kind: str) -> list[dict[str, Any]]:
        """Return the messages of one kind so far."""
        return [message for message in self.heard if message["type"] == kind]


@asynccontextmanager
async def visitor(address: str, *, is_ready: bool = True) -> AsyncIterator[Visitor]:
    """Open a connection to a server's WebSocket; wait for ``ready`` unless told not to."""
    async with connect(address, proxy=None) as socket:
        guest = Visitor(socket)
        if is_ready:
            await guest.until("ready")
        yield guest


async def status_of(url: str) -> int:
    """Return the status with which ``url`` answers."""
    return await asyncio.to_thread(_status_of, url)


def _status_of(url: str) -> int:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=PATIENCE_SECONDS) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
