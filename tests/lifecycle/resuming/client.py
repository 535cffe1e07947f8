"""A client that resumes, for any encoding, and watches that the server keeps the protocol's rules.

docs/protocol.md has a shorter one, for PCM only.
"""

import asyncio
import itertools
import json
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from tests.lifecycle.resuming.outbox import Outbox, Sound
from tests.lifecycle.resuming.sound import Container

SILENCE_SECONDS = 3.0
"""After so long without any message the connection counts as lost."""
PING_SECONDS = 1.0
FOR_GOOD = {1000, 4011, 4400, 4401, 4403, 4409, 4414}
"""Close codes after which a client does not come back by itself."""


@dataclass(slots=True)
class ResumingClient:
    """Sends each thing once, and records each message once, whatever happens to its connections.

    ``query`` is that of the first connection.
    """

    address: str
    query: dict[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    back_off_seconds: float = 0.2
    heard: list[dict[str, Any]] = field(default_factory=list)
    """All messages but pongs, in order, of all connections."""
    heard_at: list[float] = field(default_factory=list)
    """When each of them came, on the monotonic clock."""
    attempted_at: float = 0.0
    """When the last attempt to connect began."""
    problems: list[str] = field(default_factory=list)
    """What the server may not do."""
    close_code: int | None = None
    gaps: int = 0
    """How often events may have been lost, and exchanges have to be asked for by REST."""
    has_left: bool = False
    """Whether it said `leave`: a session that is unknown by then is over, as it wanted."""
    commanded: asyncio.Event = field(default_factory=asyncio.Event)
    """Set whenever a command is said."""
    _outbox: Outbox = field(default_factory=Outbox)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _told: asyncio.Condition = field(default_factory=asyncio.Condition)
    _seen: int = 0
    _limit: int = 0
    _kept: dict[int, int] = field(default_factory=dict)
    """How much of each stream is kept."""

    # --- what is said

    def begin(self, container: Container) -> None:
        """Begin a stream in this container."""
        self._outbox.begin(container)
        self._note_said()

    def hear(self, data: bytes) -> None:
        """Say the next piece of the stream."""
        self._outbox.hear(data)
        self._news.set()

    def do(self, kind: str, **fields: Any) -> None:
        """Say a command."""
        self.has_left = self.has_left or kind == "leave"
        self._outbox.do({"type": kind, **fields})
        self._note_said()

    def _note_said(self) -> None:
        self.commanded.set()
        self._news.set()

    # --- connections

    async def run(self) -> None:
        """Connect, and again after every loss, until the session is over for good."""
        while self.close_code not in FOR_GOOD:
            with suppress(OSError, WebSocketException):
                await self._converse()
            await asyncio.sleep(self.back_off_seconds)

    async def _converse(self) -> None:
        query = {"resumable": "1", **self.query}
        if "resume" in query:
            query["seen"] = str(self._seen)
        self.attempted_at = monotonic()
        connection = await connect(
            f"{self.address}?{urlencode(query)}",
            proxy=None,
            additional_headers=self.headers,
            open_timeout=SILENCE_SECONDS,
            ping_interval=None,
        )
        tasks: list[asyncio.Task[None]] = []
        try:
            await self._listen(connection, tasks)
        except ConnectionClosed:
            self.close_code = connection.close_code
            raise
        finally:
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks)
            connection.transport.abort()

    async def _listen(
        self, connection: ClientConnection, tasks: "list[asyncio.Task[None]]"
    ) -> None:
        while True:
            async with asyncio.timeout(SILENCE_SECONDS):
                message: dict[str, Any] = json.loads(await connection.recv())
            is_unknown = message["type"] == "ready" or message.get("code") == "resume_unknown"
            if is_unknown and self.has_left:
                self.close_code = 1000
                return
            if message["type"] in ("ready", "resumed"):
                self._greet(message)
                tasks.append(asyncio.create_task(_quietly(self._send(connection))))
                tasks.append(asyncio.create_task(_quietly(_ping(connection))))
            await self._take(message)

    async def _send(self, connection: ClientConnection) -> None:
        while True:
            self._news.clear()
            while (item := self._outbox.next(self._limit)) is not None:
                if isinstance(item, Sound):
                    await connection.send(item.data)
                else:
                    await connection.send(json.dumps({**item.fields, "command": item.number}))
            await self._news.wait()

    # --- what is told

    async def until(self, kind: str, count: int = 1) -> dict[str, Any]:
        """Wait until so many messages of one kind have come; return the last of them."""
        async with self._told:
            await self._told.wait_for(lambda: len(self.told(kind)) >= count)
        return self.told(kind)[count - 1]

    async def until_heard(self, count: int) -> None:
        """Wait until so many messages have come."""
        async with self._told:
            await self._told.wait_for(lambda: len(self.heard) >= count)

    def told(self, kind: str) -> list[dict[str, Any]]:
        """Return the messages of one kind so far."""
        return [message for message in self.heard if message["type"] == kind]

    async def _take(self, message: dict[str, Any]) -> None:
        number = message.get("event")
        if number is not None:
            if number <= self._seen:
                self.problems.append(f"event {number} came after {self._seen}: {message}")
            self._seen = max(self._seen, number)
        if message["type"] == "kept":
            self._note_kept(message["stream"], message["bytes"])
            self._outbox.drop(message["stream"], message["bytes"])
            self._news.set()
        if message["type"] == "conversation_started":
            self.query["conversation"] = message["conversation_id"]
        if message["type"] != "pong":
            self.heard.append(message)
            self.heard_at.append(monotonic())
        async with self._told:
            self._told.notify_all()

    def _note_kept(self, stream: int, place: int) -> None:
        said = self._outbox.position
        if place < self._kept.get(stream, 0):
            self.problems.append(f"{self._kept[stream]} of {stream} were kept, then {place}")
        if (stream, place) > (said.stream, said.bytes):
            self.problems.append(f"{place} of {stream} are kept of {said}")
        self._kept[stream] = place

    def _check_position(self, stream: int, place: int) -> None:
        # a stream of which nothing was kept may have to begin again
        newest = max((one for one, kept in self._kept.items() if kept), default=0)
        if place < self._kept.get(stream, 0) or stream < newest:
            self.problems.append(f"resumed at {place} of {stream}, after {self._kept} were kept")

    def _greet(self, told: dict[str, Any]) -> None:
        self.query["resume"] = told["resume"]["ticket"]
        self.query["conversation"] = told["conversation_id"]
        self._limit = told["limits"]["unacknowledged_bytes"]
        if told["type"] == "resumed":
            self._check_position(told["stream"], told["bytes"])
            self.gaps += told["events_from"] > self._seen + 1
            self._outbox.resume(told["stream"], told["bytes"], told["command"])
        else:
            had = told.get("continues") or {}
            self._outbox.begin_anew(
                had.get("stream", 0), had.get("bytes", 0), told.get("command", 0)
            )
            self._seen, self._kept = 0, {}
        self._news.set()


async def _ping(connection: ClientConnection) -> None:
    for number in itertools.count():
        await asyncio.sleep(PING_SECONDS)
        await connection.send(json.dumps({"type": "ping", "t": number}))


async def _quietly(work: Coroutine[Any, Any, None]) -> None:
    with suppress(WebSocketException, OSError):
        await work
