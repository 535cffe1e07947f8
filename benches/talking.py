"""Clients of a bench: real WebSockets that talk at the pace of speech and record the answers."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

OPENING_SECONDS = 20.0
FRAME_OVERHEAD_BYTES = 4
"""What a WebSocket frame adds to a message of up to 64 KiB, sent by a server."""

Message = dict[str, Any]


@dataclass(slots=True)
class Talker:
    """One client, and what it has sent and received, by the monotonic clock."""

    socket: ClientConnection
    session_id: str = ""
    """Empty if there is no session."""
    sent_at: list[float] = field(default_factory=list)
    """When each chunk was sent."""
    heard: list[tuple[float, Message]] = field(default_factory=list)
    received_bytes: int = 0

    async def talk(self, chunks: Iterable[bytes], interval_seconds: float, begin_at: float) -> None:
        """Send ``chunks``, one every ``interval_seconds``, from ``begin_at`` on."""
        for number, chunk in enumerate(chunks):
            await asyncio.sleep(begin_at + number * interval_seconds - monotonic())
            self.sent_at.append(monotonic())
            await self.socket.send(chunk)

    async def listen(self) -> None:
        """Record everything that comes, until the connection ends."""
        async for text in self.socket:
            at = monotonic()
            self.received_bytes += len(str(text).encode()) + FRAME_OVERHEAD_BYTES
            self.heard.append((at, json.loads(text)))

    async def stop(self, limit_seconds: float) -> None:
        """Stop listening, and wait until all results have come.

        Raises:
            TimeoutError: that takes longer than ``limit_seconds``.
        """
        await self.socket.send(json.dumps({"type": "stop_listening"}))
        async with asyncio.timeout(limit_seconds):
            while not self.of("listening_stopped"):  # noqa: ASYNC110 -- what comes is only recorded
                await asyncio.sleep(0.05)

    def of(self, kind: str) -> list[tuple[float, Message]]:
        """Return the messages of type ``kind``, and when they came."""
        return [(at, message) for at, message in self.heard if message["type"] == kind]


@contextlib.asynccontextmanager
async def talker(
    port: int,
    path: str,
    encoding: str | None,
    *,
    reads: bool = True,
    direction: str = "es_to_en",
) -> AsyncIterator[Talker]:
    """Connect, start listening with ``encoding`` unless it is None, and record what comes.

    A client that does not read records nothing.
    """
    address = f"127.0.0.1:{port}"
    async with connect(
        f"ws://{address}/ws/{path}/?direction={direction}",
        origin=f"http://{address}",  # type: ignore[arg-type]  # its NewType of str is not exported
        compression=None,
        ping_interval=None,
        open_timeout=OPENING_SECONDS,
    ) as socket:
        session_id = "" if encoding is None else await _begin(socket, encoding)
        client = Talker(socket, session_id)
        if not reads:
            yield client
            return
        listening = asyncio.create_task(client.listen(), name="bench listener")
        try:
            yield client
        finally:
            listening.cancel()
            await asyncio.wait({listening})


async def talk_together(
    talkers: Sequence[Talker], chunks: Sequence[bytes], interval_seconds: float
) -> None:
    """Let all talk at once, their chunks spread evenly over the interval; wait for the echo."""
    begin_at = monotonic() + 0.1
    async with asyncio.TaskGroup() as tasks:
        for number, client in enumerate(talkers):
            phase = interval_seconds * number / len(talkers)
            tasks.create_task(client.talk(chunks, interval_seconds, begin_at + phase))
    await asyncio.sleep(1.0)


async def _begin(socket: ClientConnection, encoding: str) -> str:
    async with asyncio.timeout(OPENING_SECONDS):
        session_id: str = (await _until(socket, "ready"))["session_id"]
        await socket.send(json.dumps({"type": "start_listening", "encoding": encoding}))
        await _until(socket, "listening_started")
    return session_id


async def _until(socket: ClientConnection, kind: str) -> Message:
    async for text in socket:
        message: Message = json.loads(text)
        if message["type"] == kind:
            return message
        if message["type"] == "error":
            raise RuntimeError(f"the server refused: {message['message']}")
    raise RuntimeError(f"the server hung up before {kind}")
