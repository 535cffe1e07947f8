"""An engine that does not react to cancellation: its session ends within its limits anyway."""

import asyncio
from typing import ClassVar

import pytest

from sessions_app.core.events import Translation, TranslationRequest
from sessions_app.live import session
from sessions_app.models import TranslationSession
from tests.conftest import Connect
from tests.house import House, eventually
from tests.sounds import say


class DeafTranslator:
    """Does not return until it is released, however often it is cancelled."""

    released: ClassVar[asyncio.Event]

    async def load(self) -> None:
        DeafTranslator.released = asyncio.Event()

    async def translate(self, request: TranslationRequest) -> Translation:
        while not self.released.is_set():
            try:
                await self.released.wait()
            except asyncio.CancelledError:
                continue
        return Translation(request.text)

    async def aclose(self) -> None:
        return


async def test_a_session_leaves_a_deaf_engine_behind(
    house: House,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(session, "CANCEL_SECONDS", 0.2)
    path = f"{__name__}.{DeafTranslator.__name__}"
    await house.restart(translator=path, drain_seconds=0.2)
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("hola mundo"))
        await browser.say("stop_listening")
        await browser.until("transcript")
    assert house.registry.sessions == {}
    row = await TranslationSession.objects.aget()
    assert (row.state, row.reason, row.close_count) == ("closed", "client_left_cut_off", 1)
    assert "did not react to cancellation and is abandoned" in caplog.text
    DeafTranslator.released.set()
    await eventually(lambda: not [t for t in asyncio.all_tasks() if "translate" in t.get_name()])
    caplog.clear()
