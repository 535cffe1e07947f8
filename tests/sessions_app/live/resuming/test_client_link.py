"""A session's link to its client: who is told what, while connections come and go."""

import asyncio

from sessions_app.core.events import Event, Notice, Numbered, SpeechStarted
from sessions_app.live.resuming.client_link import ClientConnection, ClientLink
from sessions_app.live.resuming.event_log import EventLog


class Wire:
    """A connection that keeps what it is sent. It takes nothing while ``is_stuck``."""

    def __init__(self, *, is_stuck: bool = False) -> None:
        self.told: list[str | int] = []
        self._is_free = asyncio.Event()
        if not is_stuck:
            self._is_free.set()
        self.connection = ClientConnection(self._emit, self._disconnect)

    async def _emit(self, event: Event | Numbered) -> None:
        await self._is_free.wait()
        if isinstance(event, Numbered):
            self.told.append(event.number)
        elif isinstance(event, Notice):
            self.told.append(str(event.fields.get("reason", event.type)))

    async def _disconnect(self, code: int) -> None:
        self.told.append(f"close {code}")


GREETING = Notice("resumed", {})
SOMETHING = SpeechStarted(1, 0.0)


async def test_who_is_not_greeted_yet_is_told_events_after_the_greeting() -> None:
    wire = Wire()
    link = ClientLink(wire.connection, EventLog(), is_greeted=False)
    await link.emit(SOMETHING)
    await link.emit(Notice("loading", {}, is_passing=True))
    await link.emit(SOMETHING)
    assert wire.told == ["loading"]
    await link.attach(wire.connection, GREETING, seen=1)
    await link.emit(SOMETHING)
    assert wire.told == ["loading", "resumed", 2, 3]


async def test_who_is_replaced_is_told_even_if_the_other_was_cut_off_meanwhile() -> None:
    before, after = Wire(), Wire(is_stuck=True)
    link = ClientLink(before.connection, EventLog())
    attaching = asyncio.create_task(link.attach(after.connection, GREETING, seen=0))
    await asyncio.sleep(0)
    attaching.cancel()
    await asyncio.wait({attaching})
    assert before.told == ["taken_over", "close 4414"]
    assert link.connection is after.connection
