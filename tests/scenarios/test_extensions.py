"""An app that plugs in: its commands are heard, its work is done, and what it knows is told."""

import asyncio
import logging
from collections.abc import Collection
from typing import Literal

import pytest

from sessions_app.core.events import Notice
from sessions_app.extensions import CommandHandler, Extension, plugged_in, register
from sessions_app.live.registry import Registry
from sessions_app.live.session import LiveSession
from sessions_app.live.states import ShutdownReport
from sessions_app.models import Server
from sessions_app.protocol import ClientCommand
from sessions_app.server.heartbeat import keep_heartbeat
from sessions_app.server.operator import OperatorCommands
from tests.conftest import Connect
from tests.house import House, eventually
from tests.sounds import chunks, say


class CountWords(ClientCommand):
    """Tell how many words there are in a text."""

    type: Literal["count_words"]
    text: str


class Counting:
    """What an app does that counts words."""

    def __init__(self) -> None:
        self.looks: list[tuple[Registry, bool]] = []
        self.trouble = ""

    async def count(self, session: LiveSession, command: CountWords) -> None:
        await session.emit(Notice("words_counted", {"words": len(command.text.split())}))

    async def look(self, registry: Registry, is_beat: bool) -> None:
        self.looks.append((registry, is_beat))

    def troubles(self) -> dict[str, str]:
        return {"counting": self.trouble}

    async def reload(self, registry: Registry) -> str:
        return "The numbers are read again."

    @staticmethod
    def counters(sessions: Collection[LiveSession]) -> list[str]:
        return [str(session.id) for session in sessions]


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    """Plug in an app that counts words, for one test."""
    for kind, of_apps in vars(plugged_in).items():
        monkeypatch.setattr(plugged_in, kind, dict(of_apps))
    app = Counting()
    register(
        Extension(
            "counting_app",
            commands={"count_words": CommandHandler(CountWords, app.count)},
            looks={"counting": app.look},
            status={"counters": app.counters},
            troubles={"counting": app.troubles},
            reloads={"numbers": app.reload},
        )
    )
    return app


async def test_its_command_keeps_its_place_among_the_sound(
    counting: Counting, connect: Connect
) -> None:
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        for chunk in chunks(say("hola"), 0.25):
            await browser.send_bytes(chunk)
        await browser.say("stop_listening")
        await browser.say("count_words", text="one two three")
        await browser.until("words_counted", words=3)
    said = [message["type"] for message in browser.heard]
    assert said.index("listening_stopped") < said.index("words_counted")


async def test_its_command_is_checked_like_any_other(counting: Counting, connect: Connect) -> None:
    async with connect() as browser:
        await browser.say("count_words", text=3)
        await browser.until("error", code="bad_field", about="count_words")
        await browser.say("count_letters", text="one")
        await browser.until("error", code="unknown_type")


async def test_it_looks_with_the_heartbeat(counting: Counting, house: House) -> None:
    heartbeat = asyncio.create_task(keep_heartbeat(house.registry), name="habla heartbeat")
    await eventually(lambda: len(counting.looks) > 1)
    heartbeat.cancel()
    await asyncio.wait({heartbeat})
    assert counting.looks[:2] == [(house.registry, True), (house.registry, False)]


async def test_a_bug_in_its_look_is_logged_once_and_stops_neither_heartbeat_nor_other_looks(
    counting: Counting, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(registry: Registry, is_beat: bool) -> None:
        raise KeyError("a bug")

    plugged_in.looks = {"failing": fail, **plugged_in.looks}
    heartbeat = asyncio.create_task(keep_heartbeat(house.registry), name="habla heartbeat")
    await eventually(lambda: len(counting.looks) > 2)
    assert not heartbeat.done()
    assert [row.boot async for row in Server.objects.all()] == [house.registry.boot]
    heartbeat.cancel()
    await asyncio.wait({heartbeat})
    errors = [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR]
    assert errors == ["the look of failing failed"]
    caplog.get_records("call").clear()


async def test_its_entry_stands_in_the_status(
    counting: Counting, house: House, connect: Connect
) -> None:
    async with connect() as browser:
        (ready,) = browser.told("ready")
        assert house.registry.status()["counters"] == [ready["session_id"]]
        assert house.registry.status(user_id=-1)["counters"] == []


async def test_its_trouble_is_told_as_long_as_it_lasts(counting: Counting, house: House) -> None:
    counting.trouble = "There are no more numbers."
    assert house.registry.readiness() == [counting.trouble]
    counting.trouble = ""
    assert house.registry.readiness() == []


async def test_it_reads_again_what_it_has_read(counting: Counting, house: House) -> None:
    async def departed() -> ShutdownReport:
        return ShutdownReport(0, 0, 0)

    operator = OperatorCommands(
        house.registry,
        begin_to_quit=lambda why: False,
        shutdown_report=departed,
        adopt=lambda conf: None,
    )
    (answer,) = [answer async for answer in operator.reload_settings()]
    assert answer["changes"][-1] == "The numbers are read again."
