"""Limits how many HTTP requests run at once: each takes a thread, memory, a database connection.

Django gives each request a thread of its own, however many there are: 500 slow ones would take 500
threads, and all the connections of PostgreSQL that live sessions need.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from sessions_app.core.caller import client_network
from sessions_app.core.descriptors import are_exhausted
from sessions_app.transport.answers import NO_FILES, RefusalReason, error_answer
from sessions_app.transport.forwarding import client_address
from sessions_app.transport.limits import HEALTH_CHECKS

MAX_RUNNING = 24
"""How many requests run at once in this process."""
MAX_RUNNING_OF_ONE = 12
"""How many of one address run at once, so that other addresses soon get a turn; more wait."""
MAX_OF_ONE = 256
"""How many of one address there may be in all: running, waiting or streaming."""
MAX_STREAMS_TO_ONE = 128
"""How many responses are streamed to one address: each holds a thread and a file."""
WAIT_SECONDS = 10.0
"""How long a request waits for its turn."""
BUSY = RefusalReason("busy", HTTPStatus.SERVICE_UNAVAILABLE.phrase, again_seconds=5)
LOGINS = frozenset({"/login/", "/admin/login/"})
"""Logins have a limit of their own: passwords are hashed in turn, and a class of 60 may wait."""
MAX_LOGINS = 80
MAX_HEALTH_CHECKS = 4

Scope = dict[str, Any]
Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[..., Awaitable[None]]


@dataclass(slots=True)
class ClientLoad:
    """The requests of one address."""

    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_RUNNING_OF_ONE))
    requests: int = 0
    streams: int = 0
    """How many responses are being streamed to it."""


class RequestLimiter:
    """ASGI middleware that passes a limited number of HTTP requests at once to ``application``.

    A response that is being streamed, as fast as its client reads, is not running any more: such
    responses are limited separately.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._slots = asyncio.Semaphore(MAX_RUNNING)
        self._logins = asyncio.Semaphore(MAX_LOGINS)
        self._health_checks = asyncio.Semaphore(MAX_HEALTH_CHECKS)
        self._clients: dict[str, ClientLoad] = {}

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        """Serve a request in its turn; respond 503 with Retry-After if it has to wait too long."""
        if scope["path"] in HEALTH_CHECKS:  # health checks never wait behind other requests
            async with self._health_checks:
                await self._application(scope, receive, send)
            return
        network = client_network(client_address(scope))
        client = self._clients.setdefault(network, ClientLoad())
        client.requests += 1
        try:
            await self._serve(client, scope, receive, send)
        finally:
            client.requests -= 1
            if not client.requests:
                self._clients.pop(network, None)

    async def _serve(self, client: ClientLoad, scope: Scope, receive: Any, send: Send) -> None:
        is_login = scope["method"] == "POST" and scope["path"] in LOGINS
        needed = (self._logins,) if is_login else (client.slots, self._slots)
        slot = RequestSlot(client, needed)

        async def watched_send(message: Message) -> None:
            if message["type"] == "http.response.body" and message.get("more_body", False):
                slot.become_stream()
            await send(message)

        try:
            if not await slot.acquire():
                await _refuse(scope, send, BUSY)
            elif are_exhausted():  # any request needs at least the database's file
                await _refuse(scope, send, NO_FILES)
            else:
                await self._application(scope, receive, watched_send)
        finally:
            slot.release()


class RequestSlot:
    """One request's place among those that run, and later among those that are streamed."""

    def __init__(self, client: ClientLoad, needed: tuple[asyncio.Semaphore, ...]) -> None:
        self._client = client
        self._needed = needed
        self._held: list[asyncio.Semaphore] = []
        self._is_stream = False

    async def acquire(self) -> bool:
        """Wait for a turn; return whether it came in time."""
        if self._client.requests > MAX_OF_ONE or self._client.streams >= MAX_STREAMS_TO_ONE:
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT_SECONDS):
                for slot in self._needed:
                    await slot.acquire()
                    self._held.append(slot)
            return True
        return False

    def become_stream(self) -> None:
        """Count the response as a stream, and let another request run. May be called often."""
        if not self._is_stream:
            self._is_stream = True
            self._client.streams += 1
            self._release_slots()

    def release(self) -> None:
        """Give up what it holds."""
        self._client.streams -= self._is_stream
        self._release_slots()

    def _release_slots(self) -> None:
        while self._held:
            self._held.pop().release()


async def _refuse(scope: Scope, send: Send, reason: RefusalReason) -> None:
    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers, body = error_answer(scope["path"].encode(), status, reason)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
