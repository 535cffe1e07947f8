"""A misbehaving client: a socket, raw frames, and no reading unless told to."""

import asyncio
import base64
import os
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

TEXT, BINARY = 1, 2
"""Opcodes."""
RESETTING = struct.pack("ii", 1, 0)
"""SO_LINGER with which closing resets the connection at once."""
SMALL_BUFFER = 32 * 1024
READ_AHEAD = 4 * 1024


class RawClient:
    """A connection that reads only when it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, payload: bytes, opcode: int = BINARY) -> None:
        """Send one frame, waiting for space in the buffer."""
        self._writer.write(frame(payload, opcode))
        await self._writer.drain()

    async def send_raw(self, sent: bytes) -> None:
        """Send raw bytes, waiting for space in the buffer."""
        self._writer.write(sent)
        await self._writer.drain()

    async def read_on(self) -> None:
        """Read and discard everything that comes, until the connection ends."""
        with suppress(OSError):
            while await self._reader.read(65_536):
                pass

    async def read(self, size: int) -> int:
        """Read up to ``size`` bytes of whatever comes; return how many came."""
        return len(await self.take(size))

    async def take(self, size: int) -> bytes:
        """Read up to ``size`` bytes of whatever comes, and return them."""
        return await self._reader.read(size)

    def reset(self) -> None:
        """Drop the connection by a TCP reset."""
        self._writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, RESETTING
        )
        self._writer.transport.abort()


def frame(payload: bytes, opcode: int = BINARY) -> bytes:
    """Return a masked frame; its mask is zero, so that the payload is unchanged."""
    size = len(payload)
    if size < 126:
        head = bytes([0x80 | opcode, 0x80 | size])
    elif size < 65_536:
        head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, size)
    return head + bytes(4) + payload


@asynccontextmanager
async def raw_client(address: str) -> AsyncIterator[RawClient]:
    """Open a connection to a server's WebSocket, as far as the handshake."""
    place = urlsplit(address)
    wire = socket.socket()
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
    wire.setblocking(False)
    await asyncio.get_running_loop().sock_connect(wire, (place.hostname, place.port))
    reader, writer = await asyncio.open_connection(sock=wire, limit=READ_AHEAD)
    key = base64.b64encode(os.urandom(16)).decode()
    request = (
        f"GET {place.path}?{place.query} HTTP/1.1",
        f"Host: {place.netloc}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
    )
    writer.write("\r\n".join([*request, "", ""]).encode())
    await reader.readuntil(b"\r\n\r\n")
    try:
        yield RawClient(reader, writer)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
