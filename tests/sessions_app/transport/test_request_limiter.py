"""Tests of how many requests run at once, with a slow application."""

import asyncio
from typing import Any

import pytest

from sessions_app.transport import request_limiter
from sessions_app.transport.request_limiter import (
    MAX_LOGINS,
    MAX_RUNNING,
    MAX_RUNNING_OF_ONE,
    MAX_STREAMS_TO_ONE,
    RequestLimiter,
)

ANA, EVA, ELI = "192.0.2.1", "192.0.2.2", "192.0.2.3"
START = {"type": "http.response.start", "status": 200, "headers": []}


class Slow:
    """An application whose requests run until ``go_on`` is set."""

    def __init__(self, *, is_sent: bool = False) -> None:
        self.at_work = 0
        self.most = 0
        self.go_on = asyncio.Event()
        self._is_sent = is_sent

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.at_work += 1
        self.most = max(self.most, self.at_work)
        await send(START)
        if self._is_sent:
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
        try:
            await self.go_on.wait()
        finally:
            self.at_work -= 1
        await send({"type": "http.response.body", "body": b""})


async def ask(
    turns: RequestLimiter, who: str, path: str = "/x", method: str = "GET"
) -> dict[str, Any]:
    """Return the beginning of the answer to a request."""
    answers: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        answers.append(message)

    scope = {"type": "http", "method": method, "path": path, "client": [who, 1], "headers": []}
    await turns(scope, None, send)
    return answers[0]


class Crowd:
    """Requests that were begun, and are awaited to their end."""

    def __init__(self, turns: RequestLimiter) -> None:
        self._turns = turns
        self._tasks: list[asyncio.Task[dict[str, Any]]] = []

    async def come(self, count: int, who: str, path: str = "/x", method: str = "GET") -> None:
        """Begin ``count`` more requests, and let them run as far as they can."""
        asking = (ask(self._turns, who, path, method) for _ in range(count))
        self._tasks += [asyncio.create_task(one) for one in asking]
        for _ in range(5):
            await asyncio.sleep(0)

    async def statuses(self) -> list[int]:
        """Return the answers to all of them, in the order in which they came."""
        return [answer["status"] for answer in await asyncio.gather(*self._tasks)]

    def leave(self) -> None:
        """Cancel all of them."""
        for task in self._tasks:
            task.cancel()


async def test_of_one_address_a_few_are_at_work_and_another_gets_in_at_once() -> None:
    slow = Slow()
    crowd = Crowd(turns := RequestLimiter(slow))
    await crowd.come(40, ANA)
    assert slow.at_work == MAX_RUNNING_OF_ONE
    await crowd.come(1, EVA)
    assert slow.at_work == MAX_RUNNING_OF_ONE + 1
    await crowd.come(40, EVA)
    await crowd.come(40, ELI)
    assert slow.at_work == MAX_RUNNING
    slow.go_on.set()
    assert await crowd.statuses() == [200] * 121
    assert slow.most == MAX_RUNNING
    assert (await ask(turns, ANA))["status"] == 200


async def test_who_stands_in_line_too_long_is_told_when_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(request_limiter, "WAIT_SECONDS", 0.05)
    slow = Slow()
    crowd = Crowd(turns := RequestLimiter(slow))
    await crowd.come(MAX_RUNNING_OF_ONE, ANA)
    refusal = await ask(turns, ANA, "/api/sessions")
    assert refusal["status"] == 503
    assert (b"Retry-After", b"5") in refusal["headers"]
    assert (b"Content-Type", b"application/json; charset=utf-8") in refusal["headers"]
    slow.go_on.set()
    assert await crowd.statuses() == [200] * MAX_RUNNING_OF_ONE
    assert (await ask(turns, ANA))["status"] == 200


async def test_a_line_is_no_longer_than_it_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_limiter, "MAX_OF_ONE", MAX_RUNNING_OF_ONE + 3)
    slow = Slow()
    crowd = Crowd(RequestLimiter(slow))
    await crowd.come(MAX_RUNNING_OF_ONE + 5, ANA)
    slow.go_on.set()
    assert await crowd.statuses() == [200] * (MAX_RUNNING_OF_ONE + 3) + [503] * 2


async def test_who_leaves_the_line_or_breaks_off_gives_back_what_they_had() -> None:
    slow = Slow()
    crowd = Crowd(turns := RequestLimiter(slow))
    await crowd.come(40, ANA)
    await crowd.come(40, EVA)
    crowd.leave()
    slow.go_on.set()
    later = Crowd(turns)
    await later.come(2 * MAX_RUNNING_OF_ONE, ANA)
    assert await later.statuses() == [200] * 2 * MAX_RUNNING_OF_ONE


async def test_monitors_and_logins_are_not_in_line_with_others() -> None:
    slow = Slow()
    crowd = Crowd(turns := RequestLimiter(slow))
    await crowd.come(MAX_RUNNING, ANA)
    await crowd.come(MAX_RUNNING, EVA)
    await crowd.come(1, ANA, "/healthz")
    assert slow.at_work == MAX_RUNNING + 1
    await crowd.come(60, ANA, "/login/", "POST")
    assert slow.at_work == MAX_RUNNING + 61
    await crowd.come(60, ANA, "/login/", "POST")
    assert slow.at_work == MAX_RUNNING + 1 + MAX_LOGINS
    slow.go_on.set()
    assert set(await crowd.statuses()) == {200}
    assert (await ask(turns, ANA))["status"] == 200


async def test_what_is_sent_as_it_is_taken_holds_no_place_but_is_counted() -> None:
    slow = Slow(is_sent=True)
    crowd = Crowd(turns := RequestLimiter(slow))
    await crowd.come(MAX_STREAMS_TO_ONE, ANA)
    assert slow.at_work == MAX_STREAMS_TO_ONE
    assert (await ask(turns, ANA))["status"] == 503
    await crowd.come(1, EVA)
    assert slow.at_work == MAX_STREAMS_TO_ONE + 1
    slow.go_on.set()
    assert set(await crowd.statuses()) == {200}
    assert (await ask(turns, ANA))["status"] == 200
