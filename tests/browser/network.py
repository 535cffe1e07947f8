"""The network between a browser and its server: what it carries can be swallowed, or reset."""

import asyncio
import re
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

READ_BYTES = 65_536
SLOW_READ_BYTES = 1024
REQUEST = re.compile(rb"(GET|HEAD|POST) /")
RESETTING = struct.pack("ii", 1, 0)
"""SO_LINGER with which closing resets the connection at once."""


class Network:
    """Carries connections to ``target``, a port of this machine, from a port of its own.

    Only WebSockets are cut or slow, so that pages can still be loaded. What is sent to the server
    takes its time at ``bytes_per_second``; 0: none.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.address = ""
        self.bytes_per_second = 0
        self.requests: list[str] = []
        """The first line of each request that was not for a WebSocket."""
        self.answered_bytes = 0
        """How much came back, heads and all, besides what WebSockets carried."""
        self._is_cut = False
        self._sockets: set[asyncio.StreamWriter] = set()
        self._loop: asyncio.AbstractEventLoop
        self._over: asyncio.Event

    def cut(self) -> None:
        """Swallow all that WebSockets send, in both directions; nobody is told."""
        self._is_cut = True

    def reset(self) -> None:
        """Cut, and reset the WebSockets that are open."""
        self._is_cut = True
        self._loop.call_soon_threadsafe(self._reset_all)

    def mend(self) -> None:
        """Carry new connections again. Those that were cut stay dead."""
        self._is_cut = False

    def end(self) -> None:
        """Carry nothing any more."""
        self._loop.call_soon_threadsafe(self._over.set)

    async def carry(self, is_ready: Event) -> None:
        """Carry connections until the end; ``is_ready`` is set once there is an address."""
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        connections: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connections.add(asyncio.create_task(self._connect(reader, writer)))

        async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
            self.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            is_ready.set()
            await self._over.wait()
            for connection in connections:
                connection.cancel()
            await asyncio.gather(*connections, return_exceptions=True)

    def _note_request(self, data: bytes) -> None:
        # browsers wait for the answer before they send the next request: each begins a piece
        if REQUEST.match(data):
            self.requests.append(data.partition(b"\r\n")[0].decode())

    def _note_answer(self, data: bytes) -> None:
        self.answered_bytes += len(data)

    def _reset_all(self) -> None:
        for writer in self._sockets:
            sock: socket.socket = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETTING)
            writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = {writer}
        try:
            first = await reader.read(READ_BYTES)
            is_socket = first.startswith(b"GET /ws/")
            if is_socket and self._is_cut:
                await _swallow(reader)
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.target)
            writers.add(server_writer)
            if is_socket:
                self._sockets |= writers
            else:
                self._note_request(first)
            server_writer.write(first)
            async with asyncio.TaskGroup() as both_ways:
                to_server = self._pass(
                    reader,
                    server_writer,
                    self._note_request,
                    is_socket=is_socket,
                    is_slow=is_socket,
                )
                back = self._pass(server_reader, writer, self._note_answer, is_socket=is_socket)
                both_ways.create_task(to_server)
                both_ways.create_task(back)
        except* OSError:
            pass  # one of the two ends is gone
        finally:
            self._sockets -= writers
            for each in writers:
                each.transport.abort()

    async def _pass(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        note: Callable[[bytes], None],
        *,
        is_socket: bool,
        is_slow: bool = False,
    ) -> None:
        is_dead = False
        while data := await reader.read(SLOW_READ_BYTES if is_slow else READ_BYTES):
            if is_slow and self.bytes_per_second:
                await asyncio.sleep(len(data) / self.bytes_per_second)
            is_dead = is_dead or (is_socket and self._is_cut)
            if not is_socket:
                note(data)
            if not is_dead:
                writer.write(data)
                await writer.drain()
        if not is_dead:
            writer.write_eof()


async def _swallow(reader: asyncio.StreamReader) -> None:
    while await reader.read(READ_BYTES):
        pass


@contextmanager
def network_to(target: int) -> Iterator[Network]:
    """Return a network that carries connections to the port ``target``, in a thread."""
    network, is_ready = Network(target), Event()
    thread = Thread(target=asyncio.run, args=(network.carry(is_ready),), name="test network")
    thread.start()
    is_ready.wait()
    try:
        yield network
    finally:
        network.end()
        thread.join()
