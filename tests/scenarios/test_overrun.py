"""A stream for which there is no room ends, and the next one is heard."""

import asyncio

from tests.conftest import Connect
from tests.house import House
from tests.sounds import say, silence

HEAVY = b"x" * 250_000


async def test_a_session_hears_again_after_an_overrun_that_came_between_two_periods(
    house: House, connect: Connect
) -> None:
    async with connect() as browser:
        (session,) = house.registry.sessions.values()
        await browser.say("start_listening", encoding="webm-opus")
        await browser.until("listening_started")
        await browser.say("stop_listening")
        await browser.until("listening_stopped")
        gate = asyncio.Event()
        session.perform(gate.wait)
        for _ in range(40):  # more than there is room for
            await browser.send_bytes(HEAVY)
        assert await browser.still_works()
        gate.set()
        await browser.until("error", code="overrun")
        await browser.speak(say("hola mundo") + silence(1))
        assert browser.texts() == ["hola mundo"]
