"""HTTP byte by byte: what no well-behaved client would send, and the answers to it."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.patience import PATIENCE_SECONDS

READ_BYTES = 2**20


@dataclass(frozen=True)
class Answer:
    """What came back on one connection."""

    raw: bytes

    @property
    def status(self) -> int:
        """Return the status of the last answer; 0: there was none."""
        return self.statuses[-1] if self.statuses else 0

    @property
    def statuses(self) -> list[int]:
        """Return the statuses of all answers, in order."""
        lines = [part[:3] for part in self.raw.split(b"HTTP/1.1 ")[1:]]
        return [int(line) for line in lines]

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers of the last answer, their names in lower case."""
        head = self.raw.rpartition(b"HTTP/1.1 ")[2].partition(b"\r\n\r\n")[0].decode("latin1")
        pairs = [line.partition(":") for line in head.split("\r\n")[1:]]
        return {name.lower(): value.strip() for name, _, value in pairs}

    @property
    def body(self) -> bytes:
        """Return what follows the headers of the last answer."""
        return self.raw.rpartition(b"HTTP/1.1 ")[2].partition(b"\r\n\r\n")[2]


class Wire:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, *pieces: bytes) -> bool:
        """Send raw bytes; return False once the server takes no more."""
        for piece in pieces:
            try:
                self._writer.write(piece)
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self._writer.drain()
            except OSError:
                return False
        return True

    async def send_all(self, pieces: Iterable[bytes]) -> bool:
        """Send piece by piece, for as long as the server takes them."""
        for piece in pieces:
            if not await self.send(piece):
                return False
        return True

    async def until(self, mark: bytes) -> bytes:
        """Return everything up to ``mark``."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._reader.readuntil(mark)

    async def take(self, size: int) -> bytes:
        """Return the next ``size`` bytes."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._reader.readexactly(size)

    async def until_closed(self) -> Answer:
        """Return everything that comes before the server closes."""
        raw = b""
        async with asyncio.timeout(PATIENCE_SECONDS):
            with suppress(ConnectionError):
                while piece := await self._reader.read(READ_BYTES):
                    raw += piece
        return Answer(raw)


@asynccontextmanager
async def wire(address: str) -> AsyncIterator[Wire]:
    """Open a connection to a server."""
    place = urlsplit(address)
    reader, writer = await asyncio.open_connection(place.hostname, place.port, limit=READ_BYTES)
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()


async def exchange(address: str, *pieces: bytes) -> Answer:
    """Send bytes; return everything that comes before the server closes."""
    async with wire(address) as connection:
        await connection.send(*pieces)
        return await connection.until_closed()


def head(line: str, *headers: str, host: str | None = "127.0.0.1") -> bytes:
    """Return the head of a request: ``GET /``, and headers."""
    named = [f"Host: {host}"] if host is not None else []
    return "\r\n".join([f"{line} HTTP/1.1", *named, *headers, "", ""]).encode("latin1")


def last(line: str, *headers: str, host: str | None = "127.0.0.1") -> bytes:
    """Return the head of a request after which the connection is to be closed."""
    return head(line, *headers, "Connection: close", host=host)
