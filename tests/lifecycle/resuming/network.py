"""A network that fails: a proxy in front of a server, for one client."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum, auto

READ_BYTES = 65_536
RESETTING = struct.pack("ii", 1, 0)
"""SO_LINGER with which closing resets the connection at once."""
Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Fault(Enum):
    """How connections fail."""

    RESET = auto()
    """Both ends get a TCP reset."""
    ENDED = auto()
    """Both ends get a FIN, and no closing handshake."""
    HALF_OPEN = auto()
    """Nothing gets through any more, and neither end is told."""
    DEAF_CLIENT = auto()
    """What the server sends is swallowed; what the client sends still arrives."""
    DEAF_SERVER = auto()
    """What the client sends is swallowed; what the server sends still arrives."""
    STALLED = auto()
    """Everything is held up, and arrives when the network is back."""


class Way(Enum):
    """In which direction bytes go."""

    TO_SERVER = auto()
    TO_CLIENT = auto()


SWALLOWED = {
    Fault.HALF_OPEN: {Way.TO_SERVER, Way.TO_CLIENT},
    Fault.DEAF_CLIENT: {Way.TO_CLIENT},
    Fault.DEAF_SERVER: {Way.TO_SERVER},
}


class FaultyNetwork:
    """Carries one client's connections to a server, until it is told to fail.

    ``target`` is the server's port on this machine; it may change, as when a server starts again.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.connections = 0
        """How many connections there were."""
        self._wires: set[_Wire] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._is_down = self._is_refusing = False
        self._armed: tuple[Fault, Way, int] | None = None

    def fail(self, fault: Fault, *, is_refusing: bool) -> None:
        """Let all connections fail, and new ones until ``mend``.

        ``is_refusing``: whether new ones are reset; else nobody answers them.
        """
        self._is_down, self._is_refusing = True, is_refusing
        if fault is Fault.STALLED:
            self._flowing.clear()
        for wire in self._wires:
            wire.fail(fault)

    def fail_after(self, fault: Fault, way: Way, size: int) -> None:
        """Let the connection, or else the next, fail when so many bytes more have gone one way."""
        working = [wire for wire in self._wires if not wire.is_unattended]
        for wire in working:
            wire.arm(fault, way, size)
        if not working:
            self.fail_next_after(fault, way, size)

    def fail_next_after(self, fault: Fault, way: Way, size: int) -> None:
        """Let the next connection fail when so many bytes have gone one way."""
        self._armed = fault, way, size

    def mend(self) -> None:
        """Let new connections through again, and what is stalled."""
        self._is_down = False
        self._flowing.set()

    def calm(self) -> None:
        """Fail no more; a connection that swallows what comes still does."""
        self.mend()
        self._armed = None
        for wire in self._wires:
            wire.disarm()

    async def wait_flowing(self) -> None:
        """Wait while everything is held up."""
        await self._flowing.wait()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until it ends."""
        client = reader, writer
        if self._is_down and not self._flowing.is_set():
            await self._flowing.wait()
        if self._is_down:
            await (_reset(writer) if self._is_refusing else _swallow(reader))
            return
        try:
            server = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:  # as while a server starts again
            await _reset(writer)
            return
        self.connections += 1
        wire = _Wire(self, client, server)
        if self._armed is not None:
            wire.arm(*self._armed)
            self._armed = None
        self._wires.add(wire)
        try:
            await wire.run()
        finally:
            self._wires.discard(wire)


class _Wire:
    """One connection through the network."""

    def __init__(self, network: FaultyNetwork, client: Ends, server: Ends) -> None:
        self._network = network
        self._client = client
        self._server = server
        self._swallowed: set[Way] = set()
        self.is_unattended = False
        """Whether one end is not told of the other's end."""
        self._armed: tuple[Fault, Way, int] | None = None

    def arm(self, fault: Fault, way: Way, size: int) -> None:
        """Fail when so many bytes more have gone one way."""
        self._armed = fault, way, size

    def disarm(self) -> None:
        """Do not fail."""
        self._armed = None

    def fail(self, fault: Fault) -> None:
        """Fail now."""
        self._armed = None
        if fault in (Fault.RESET, Fault.ENDED):
            for _, writer in (self._client, self._server):
                if fault is Fault.RESET:
                    _linger_not(writer)
                    writer.transport.abort()
                else:
                    writer.close()
        elif fault in SWALLOWED:
            self._swallowed |= SWALLOWED[fault]
            self.is_unattended = True

    async def run(self) -> None:
        """Carry what comes from both ends, until one ends, or both where nobody tells the other."""
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(self._client[0], self._server[1], Way.TO_SERVER))
                both.create_task(self._pump(self._server[0], self._client[1], Way.TO_CLIENT))
        finally:
            for _, writer in (self._client, self._server):
                writer.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Way
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(READ_BYTES):
                await self._network.wait_flowing()
                if way in self._swallowed:
                    continue
                fault, data, rest = self._judge(data, way)
                writer.write(data)
                await writer.drain()
                if fault is not None:
                    self.fail(fault)
                    if fault in SWALLOWED and way not in SWALLOWED[fault]:
                        writer.write(rest)  # TCP leaves nothing out of what still arrives
                        await writer.drain()
        if not self.is_unattended:
            writer.close()

    def _judge(self, data: bytes, way: Way) -> tuple[Fault | None, bytes, bytes]:
        """Return how the connection is to fail, if now; ``data`` up to there; the rest of it."""
        if self._armed is None or self._armed[1] is not way:
            return None, data, b""
        fault, _, size = self._armed
        if size > len(data):
            self._armed = fault, way, size - len(data)
            return None, data, b""
        self._armed = None
        return fault, data[:size], data[size:]


async def _reset(writer: asyncio.StreamWriter) -> None:
    _linger_not(writer)
    writer.transport.abort()


def _linger_not(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):  # closed meanwhile
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETTING)


async def _swallow(reader: asyncio.StreamReader) -> None:
    with suppress(OSError):
        while await reader.read(READ_BYTES):
            pass


@asynccontextmanager
async def faulty_network(target: int) -> AsyncIterator[FaultyNetwork]:
    """Open a network to the server at port ``target`` of this machine; end what it carries."""
    network = FaultyNetwork(target)
    carrying: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(network.carry(reader, writer))
        carrying.add(task)
        task.add_done_callback(carrying.discard)
        task.add_done_callback(lambda _: writer.transport.abort())

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    network.port = server.sockets[0].getsockname()[1]
    try:
        yield network
    finally:
        server.close()
        for task in carrying:
            task.cancel()
        if carrying:
            await asyncio.wait(carrying)
