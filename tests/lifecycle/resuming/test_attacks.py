"""Tickets in the wrong hands, and clients that attach without end, harm nobody else."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.house import eventually
from tests.lifecycle.invariants import MEGABYTE, reasons, resident_bytes, served
from tests.lifecycle.rawclient import raw_client
from tests.server.browsing import PASSWORD, Tab, change_password, rows, tab
from tests.server.running import Running, running
from tests.server.visitor import Visitor

ATTACHMENTS = 1_300
WARM = 1_000
"""Attachments after which the server has allocated what it keeps: it takes no more at a time."""
GROWTH_BYTES = 2 * MEGABYTE
PLACES = 6
LOGOUT_SECONDS = 4.0


@asynccontextmanager
async def coming(
    server: Running, ticket: str = "", seen: int = 0, cookies: str = ""
) -> AsyncIterator[Visitor]:
    """Connect, with a ticket or for a session that can be resumed; be cut off at the end."""
    query = {"resume": ticket, "seen": seen} if ticket else {"resumable": 1}
    socket = await opened(f"{server.socket_address}?{urlencode(query)}", cookies)
    try:
        yield Visitor(socket)
    finally:
        socket.transport.abort()


async def opened(address: str, cookies: str) -> ClientConnection:
    """Return a connection, however often one must ask."""
    headers = {"Cookie": cookies} if cookies else {}
    while True:
        try:
            return await connect(address, proxy=None, additional_headers=headers)
        except InvalidStatus as error:
            if error.response.status_code != 429:
                raise
            await asyncio.sleep(float(error.response.headers["Retry-After"]))


def ticket_of(greeting: dict[str, Any]) -> str:
    return str(greeting["resume"]["ticket"])


async def is_refused(guest: Visitor) -> bool:
    """Return whether a ticket opened nothing, so that a session of its own began."""
    error = await guest.until("error")
    assert (error["code"], error["about"], error["fatal"]) == ("resume_unknown", "query", False)
    ready = await guest.until("ready")
    assert "continues" not in ready
    return ready["session_id"] not in [m["session_id"] for m in guest.told("resumed")]


async def works(guest: Visitor, text: str) -> bool:
    """Return whether a text is translated once, after reading what was missed."""
    await guest.say("text_input", text=text)
    while (await guest.until("translation"))["source"] != text:
        pass
    await guest.say("ping")
    await guest.until("pong")
    return [m["source"] for m in guest.told("translation")].count(text) == 1


async def test_a_guessed_ticket_opens_nothing(data_dir: Path) -> None:
    async with running(data_dir) as server, coming(server) as guest:
        ticket = ticket_of(await guest.until("ready"))
        assert len(ticket) == 43
        other = "B" if ticket[20] == "A" else "A"
        guesses = [ticket[:-1], ticket + "A", ticket[:20] + other + ticket[21:], ticket.swapcase()]
        guesses += [secrets.token_urlsafe(32) for _ in range(8)]
        for guess in guesses:
            async with coming(server, guess) as stranger:
                assert await is_refused(stranger)
        assert await works(guest, "hola")
        assert guest.told("closed") == []


async def test_a_ticket_is_good_once_and_its_successor_takes_its_place(data_dir: Path) -> None:
    async with running(data_dir) as server:
        async with coming(server) as guest:
            first = ticket_of(await guest.until("ready"))
            assert await works(guest, "hola")
        async with coming(server, first) as guest:  # whose answer is lost
            unseen = ticket_of(await guest.until("resumed"))
        async with coming(server, first) as guest:
            second = ticket_of(await guest.until("resumed"))
            assert await works(guest, "mundo")
            for used in (first, unseen):
                async with coming(server, used) as thief:
                    assert await is_refused(thief)
            assert await works(guest, "gracias")
        for used in (first, unseen):
            async with coming(server, used) as thief:
                assert await is_refused(thief)
        async with coming(server, second) as guest:
            await guest.until("resumed")
            assert await works(guest, "agua")


async def test_a_ticket_is_its_users_alone(peopled_dir: Path) -> None:
    async with (
        running(peopled_dir, HABLA_OWNER="off") as server,
        tab(server.address) as eva,
        tab(server.address) as root,
    ):
        await eva.log_in("eva")
        await root.log_in("root")
        async with coming(server, cookies=eva.cookies) as guest:
            ticket = ticket_of(await guest.until("ready"))
            async with coming(server, ticket, cookies=root.cookies) as thief:
                assert await is_refused(thief)
            assert await works(guest, "hola")
        async with coming(server, ticket, cookies=root.cookies) as thief:
            assert await is_refused(thief)
        async with coming(server, ticket) as nobody:
            assert (await nobody.until("error"))["code"] == "login_required"
            assert await nobody.close_code() == 4401
        async with coming(server, ticket, cookies=eva.cookies) as guest:
            await guest.until("resumed")
            assert await works(guest, "mundo")


async def log_out(eva: Tab, data_dir: Path) -> None:
    await eva.send("/logout/", page="/history/")


async def change_the_password(eva: Tab, data_dir: Path) -> None:
    code, output = await change_password(data_dir, "eva", "another horse battery")
    assert code == 0, output


@pytest.mark.parametrize("end", [log_out, change_the_password])
async def test_a_ticket_ends_with_the_login(peopled_dir: Path, end: Any) -> None:
    async with (
        running(peopled_dir, HABLA_OWNER="off") as server,
        tab(server.address) as eva,
    ):
        await eva.log_in("eva")
        async with coming(server, cookies=eva.cookies) as guest:
            ticket = ticket_of(await guest.until("ready"))
            assert await works(guest, "hola")
        await end(eva, peopled_dir)
        query = "SELECT reason FROM sessions_app_translationsession"
        await eventually(lambda: rows(peopled_dir, query) == [("logged_out",)], LOGOUT_SECONDS)
        password = "another horse battery" if end is change_the_password else PASSWORD
        await eva.log_in("eva", password)
        async with coming(server, ticket, cookies=eva.cookies) as thief:
            assert await is_refused(thief)


async def test_a_thousand_attachments_leave_nothing(data_dir: Path) -> None:
    seen, before = 0, 0
    async with served(data_dir) as server:
        async with coming(server) as guest:
            ticket = ticket_of(await guest.until("ready"))
        for number in range(ATTACHMENTS):
            if number == WARM:
                before = resident_bytes(server.pid)
            async with coming(server, ticket, seen) as guest:
                greeting = await guest.until("resumed")
                assert greeting["events_from"] == seen + 1
                ticket = ticket_of(greeting)
                await guest.say("ping")
                await guest.until("pong")
                if number % 50 == 0:
                    await guest.say("text_input", text="hola")
                    seen = (await guest.until("translation"))["event"]
        growth = resident_bytes(server.pid) - before
        async with coming(server, ticket, seen) as guest:
            await guest.say("leave")
            assert await guest.close_code() == 1000
    assert growth < GROWTH_BYTES
    assert reasons(data_dir) == ["client_left"]


async def test_of_two_that_fight_for_a_ticket_one_wins_and_the_session_lives(
    data_dir: Path,
) -> None:
    async with running(data_dir) as server:
        async with coming(server) as guest:
            ready = await guest.until("ready")
            ticket, session_id = ticket_of(ready), ready["session_id"]
        for _ in range(20):
            fought = await asyncio.gather(*(fight(server, ticket) for _ in range(2)))
            winners = [won for won in fought if won and won["session_id"] == session_id]
            assert len(winners) == 1
            ticket = ticket_of(winners[0])
        async with coming(server, ticket) as guest:
            assert (await guest.until("resumed"))["session_id"] == session_id
            assert await works(guest, "hola")


async def test_an_attempt_that_was_given_up_takes_the_session_from_nobody(data_dir: Path) -> None:
    """As when a network that stalled lets attempts through that came before the one that works."""
    async with running(data_dir) as server:
        async with coming(server) as guest:
            ticket = ticket_of(await guest.until("ready"))
            assert await works(guest, "hola")
        async with coming(server, ticket) as guest:
            await guest.until("resumed")
            for _ in range(10):
                async with raw_client(f"{server.socket_address}?resume={ticket}&seen=0"):
                    pass
            await asyncio.sleep(1)  # each has been looked at
            assert await works(guest, "mundo")
            assert guest.told("closed") == []


async def fight(server: Running, ticket: str) -> dict[str, Any] | None:
    """Attach, and use the session; return how one was greeted, None: another took over."""
    async with coming(server, ticket) as guest:
        greeting = await guest.next()
        if greeting["type"] == "error":
            return None
        try:
            for _ in range(3):
                await guest.say("ping")
                await guest.until("pong")
        except ConnectionClosed:
            assert await guest.close_code() == 4414
            assert guest.heard[-1] == {"type": "closed", "reason": "taken_over"}
            return None
        return greeting


async def test_who_detaches_all_sessions_there_may_be_shuts_nobody_out(peopled_dir: Path) -> None:
    async with (
        running(peopled_dir, HABLA_OWNER="off", HABLA_MAX_SESSIONS=str(PLACES)) as server,
        tab(server.address) as eva,
        tab(server.address) as root,
    ):
        await eva.log_in("eva")
        await root.log_in("root")
        tickets = []
        for _ in range(PLACES):
            async with coming(server, cookies=eva.cookies) as guest:
                tickets.append(ticket_of(await guest.until("ready")))
        async with AsyncExitStack() as connections:
            for _ in range(PLACES):
                guest = await connections.enter_async_context(coming(server, cookies=root.cookies))
                await guest.until("ready")
                assert await works(guest, "hola")
            async with coming(server, cookies=eva.cookies) as late:
                assert (await late.until("error"))["code"] == "full"
                assert await late.close_code() == 4013
        query = "SELECT reason FROM sessions_app_translationsession"
        await eventually(lambda: Counter(rows(peopled_dir, query))[("gave_way",)] == PLACES)
