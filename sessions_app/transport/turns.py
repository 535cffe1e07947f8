"""How many requests are at work at once: each takes a thread, memory, a database connection.

Django gives each request a thread of its own, however many there are: 500 slow ones would take 500
threads, and all connections that PostgreSQL has, from those who are being listened to.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from sessions_app.core.caller import household
from sessions_app.core.descriptors import are_out
from sessions_app.transport.answers import NO_FILES, RefusalReason, answer_to
from sessions_app.transport.forwarding import client_address
from sessions_app.transport.limits import LOOKERS

AT_WORK = 24
"""In this process."""
OF_ONE = 12
"""Of one address, so that another one always gets in soon; the others stand in line."""
MOST_OF_ONE = 256
"""How many of one address may be there at all: at work, in line, or being sent."""
SENT_TO_ONE = 128
"""Files and sounds that one address is being sent: each has a thread that waits, and a file."""
WAIT_SECONDS = 10.0
"""How long a request stands in line."""
BUSY = RefusalReason("busy", HTTPStatus.SERVICE_UNAVAILABLE.phrase, again_seconds=5)
LOGINS = frozenset({"/login/", "/admin/login/"})
"""Passwords are hashed in turns of their own, for which a class of 60 may wait."""
LOGINS_AT_ONCE = 80
LOOKERS_AT_ONCE = 4

Scope = dict[str, Any]
Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[..., Awaitable[None]]


@dataclass(slots=True)
class Client:
    """What one address has of what there is."""

    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(OF_ONE))
    requests: int = 0
    sent: int = 0
    """How many responses are being sent to it piece by piece."""


class RequestTurns:
    """An ASGI application that lets ``application`` have few HTTP requests at once.

    What is sent piece by piece, as the client takes it, is no work any more: such responses are
    counted for themselves.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._places = asyncio.Semaphore(AT_WORK)
        self._logins = asyncio.Semaphore(LOGINS_AT_ONCE)
        self._lookers = asyncio.Semaphore(LOOKERS_AT_ONCE)
        self._clients: dict[str, Client] = {}

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        """Serve a request in its turn; 503 and when to come back, where that takes too long."""
        if scope["path"] in LOOKERS:  # whoever looks after the server is never in line with others
            async with self._lookers:
                await self._application(scope, receive, send)
            return
        who = household(client_address(scope))
        client = self._clients.setdefault(who, Client())
        client.requests += 1
        try:
            await self._serve(client, scope, receive, send)
        finally:
            client.requests -= 1
            if not client.requests:
                self._clients.pop(who, None)

    async def _serve(self, client: Client, scope: Scope, receive: Any, send: Send) -> None:
        is_login = scope["method"] == "POST" and scope["path"] in LOGINS
        places = (self._logins,) if is_login else (client.places, self._places)
        turn = Turn(client, places)

        async def passing_on(message: Message) -> None:
            if message["type"] == "http.response.body" and message.get("more_body", False):
                turn.goes_on_by_itself()
            await send(message)

        try:
            if not await turn.comes():
                await _refuse(scope, send, BUSY)
            elif are_out():  # whatever is asked for, the database at least would be opened
                await _refuse(scope, send, NO_FILES)
            else:
                await self._application(scope, receive, passing_on)
        finally:
            turn.is_over()


class Turn:
    """One request's place among those that are at work, or are being sent."""

    def __init__(self, client: Client, places: tuple[asyncio.Semaphore, ...]) -> None:
        self._client = client
        self._places = places
        self._held: list[asyncio.Semaphore] = []
        self._is_sent = False

    async def comes(self) -> bool:
        """Stand in line; return whether it is this one's turn now."""
        if self._client.requests > MOST_OF_ONE or self._client.sent >= SENT_TO_ONE:
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT_SECONDS):
                for place in self._places:
                    await place.acquire()
                    self._held.append(place)
            return True
        return False

    def goes_on_by_itself(self) -> None:
        """Note that what is left goes out as the client takes it. May be called often."""
        if not self._is_sent:
            self._is_sent = True
            self._client.sent += 1
            self._give_back()

    def is_over(self) -> None:
        """Give back what it has."""
        self._client.sent -= self._is_sent
        self._give_back()

    def _give_back(self) -> None:
        while self._held:
            self._held.pop().release()


async def _refuse(scope: Scope, send: Send, reason: RefusalReason) -> None:
    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers, body = answer_to(scope["path"].encode(), status, reason)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
