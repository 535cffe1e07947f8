"""Two causes in one tick of the loop end a session once: the first reason wins."""

import asyncio
from collections.abc import Callable
from itertools import permutations

import pytest

from sessions_app.live.session import LiveSession
from sessions_app.live.states import EndCause, EndReason
from sessions_app.models import TranslationSession
from sessions_app.protocol import CloseCode
from sessions_app.server.heartbeat import ENDED_BY_OPERATOR
from tests.conftest import Connect
from tests.house import Client, House
from tests.sounds import say, silence

Cause = Callable[[LiveSession], None]


def task_of(name: str) -> "asyncio.Task[None]":
    """Return the only task whose name begins so."""
    (found,) = [task for task in asyncio.all_tasks() if task.get_name().startswith(name)]
    return found


def end(reason: str, *, is_graceful: bool = True, code: int = CloseCode.LEFT) -> Cause:
    return lambda session: session.end(EndCause(EndReason(reason), code, is_graceful))


def cancel(session: LiveSession) -> None:
    task_of(f"habla session {session.id}").cancel()


def kill_a_worker(session: LiveSession) -> None:
    task_of(f"habla translate {session.id}").cancel()


CAUSES: dict[str, Cause] = {
    "client_left": end("client_left"),
    "connection_lost": end("connection_lost"),
    "server_quits": end("server_quits", code=CloseCode.QUITTING),
    "ended_by_operator": lambda session: session.end(ENDED_BY_OPERATOR),
    "aborted": end("cancelled", is_graceful=False, code=CloseCode.FAILED),
    "cancel": cancel,
    "worker": kill_a_worker,
}
NAMED = {"client_left", "connection_lost", "server_quits", "ended_by_operator", "aborted"}
"""Causes with a reason of their own, which take effect at once."""


async def speak(browser: Client) -> None:
    """Leave a session with something to finish."""
    await browser.say("start_listening", encoding="pcm-s16le")
    await browser.send_sound(say("hola") + silence(1) + say("agua"))
    await browser.until("transcript")


@pytest.mark.parametrize(("first", "second"), list(permutations(CAUSES, 2)))
async def test_the_first_of_two_causes_wins_and_all_ends_once(
    first: str, second: str, house: House, connect: Connect
) -> None:
    async with connect() as browser:
        await speak(browser)
        (session,) = house.registry.sessions.values()
        CAUSES[first](session)
        CAUSES[second](session)
        await browser.close_code()
        assert len(browser.told("closed")) == 1
    reasons = [row.reason async for row in TranslationSession.objects.all()]
    named = next((cause for cause in (first, second) if cause in NAMED), "failed")
    named = "cancelled" if named == "aborted" else named
    assert [reason.removesuffix("_cut_off") for reason in reasons] == [named]


@pytest.mark.parametrize("cause", CAUSES)
async def test_the_same_cause_twice_is_one(cause: str, house: House, connect: Connect) -> None:
    async with connect() as browser:
        await speak(browser)
        (session,) = house.registry.sessions.values()
        CAUSES[cause](session)
        CAUSES[cause](session)
        await browser.close_code()
        assert len(browser.told("closed")) == 1
    assert await TranslationSession.objects.acount() == 1


async def test_all_causes_in_one_tick_are_one(house: House, connect: Connect) -> None:
    async with connect() as browser:
        await speak(browser)
        (session,) = house.registry.sessions.values()
        for cause in CAUSES.values():
            cause(session)
        await browser.close_code()
        assert len(browser.told("closed")) == 1
    row = await TranslationSession.objects.aget()
    assert row.reason.removesuffix("_cut_off") == "client_left"


@pytest.mark.parametrize("cause", CAUSES)
async def test_a_cause_while_the_engines_load_ends_it_without_a_row(
    cause: str, house: House, connect: Connect
) -> None:
    await house.restart_slowly(transcriber={"load_seconds": 60})
    async with connect(is_ready=False) as browser:
        await browser.until("loading", message="loading the transcriber fake")
        (session,) = house.registry.sessions.values()
        if cause == "worker":  # there is none yet
            cause = "cancel"
        CAUSES[cause](session)
        CAUSES["client_left"](session)
        await browser.close_code()
        assert len(browser.told("closed")) == 1
    assert await TranslationSession.objects.acount() == 0


async def test_a_clean_up_called_twice_is_called_once(house: House, connect: Connect) -> None:
    async with connect() as browser:
        await speak(browser)
        (session,) = house.registry.sessions.values()
        await browser.leave()
        before = await TranslationSession.objects.values().aget()
        CAUSES["server_quits"](session)
        session.post_end(EndCause(EndReason.CANCELLED))
        await house.close()
        assert await TranslationSession.objects.values().aget() == before
        assert session.generation is not None
        assert session.generation.leases == 0
