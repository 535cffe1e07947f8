"""Tests of how many WebSockets an address may open before any authentication."""

from typing import Any

import pytest
from django.urls import path

from sessions_app.access.rate_limits import STRANGERS
from sessions_app.routing import WebSocketRouter
from sessions_app.transport.handshake import REFUSAL

MARGIN = 60
"""How many tokens a bucket may gain while a test runs."""
ACCEPTED = {"type": "websocket.accept"}


async def accepting(scope: Any, receive: Any, send: Any) -> None:
    """Serve whoever is led here."""
    await receive()
    await send(ACCEPTED)


ADDRESSES = WebSocketRouter([path("ws/session/", accepting)])  # type: ignore[arg-type]  # for Channels


async def opened(peer: str, address: str = "/ws/session/", **extensions: Any) -> list[Any]:
    """Return what is answered to a handshake."""
    told: list[Any] = []
    scope = {
        "type": "websocket",
        "path": address,
        "client": [peer, 1],
        "headers": [],
        "extensions": extensions,
    }

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, Any]) -> None:
        told.append(message)

    await ADDRESSES(scope, receive, send)
    return told


async def test_an_address_that_opens_too_many_is_refused_with_429_and_no_other_is() -> None:
    offered: dict[str, Any] = {REFUSAL: {}}
    accepted = 0
    while (told := await opened("2001:db8::1", **offered)) == [ACCEPTED]:
        accepted += 1
    assert accepted == pytest.approx(STRANGERS.burst, abs=MARGIN)
    assert [(message["type"], message.get("status")) for message in told] == [
        (f"{REFUSAL}.start", 429),
        (f"{REFUSAL}.body", None),
    ]
    assert told[0]["headers"] == [(b"Retry-After", b"1")]
    for _ in range(MARGIN):  # what the bucket of the whole network has gained meanwhile
        told = await opened("2001:db8::2")
    assert told == [{"type": "websocket.close"}]
    assert await opened("2001:db8:0:1::2") == [ACCEPTED]
    assert await opened("192.0.2.1") == [ACCEPTED]


async def test_an_unknown_address_is_a_404_and_counts_as_none() -> None:
    offered: dict[str, Any] = {REFUSAL: {}}
    for _ in range(int(STRANGERS.burst) + MARGIN):
        told = await opened("192.0.2.7", "/ws/nothing/", **offered)
    assert told[0]["status"] == 404
    assert await opened("192.0.2.7") == [ACCEPTED]
