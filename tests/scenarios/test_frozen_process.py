"""A process that was frozen while another claimed its session writes nothing to it any more."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from django.core import serializers

from sessions_app.config import conf
from sessions_app.live import returning
from sessions_app.live.resuming.tickets import ticket_hash
from sessions_app.live.states import LOGGED_OUT
from sessions_app.models import (
    Conversation,
    Exchange,
    RecordedSegment,
    Recording,
    Resumption,
    Speaker,
    TranslationSession,
)
from sessions_app.pipeline.account import Account
from sessions_app.server.database_guard import DatabaseGuard
from sessions_app.server.heartbeat import check_rows
from sessions_app.store import ownership, resumptions, sessions
from sessions_app.store.database.thread import database_thread
from sessions_app.store.database.write_behind import behind
from sessions_app.store.row_owner import RowOwner
from tests.conftest import Connect
from tests.house import Client, House, eventually
from tests.resuming import LOST, resuming, ticket_of
from tests.sounds import say, silence

OTHER = "there-1"
"""The process that claims what the frozen one has."""
TABLES = (Conversation, TranslationSession, Resumption, Exchange, Speaker)
SOUND = silence(1) + say("agua") + silence(1)
Thaw = Callable[[House, Client], Awaitable[None]]
"""What happens in the frozen process when it goes on."""


def all_rows() -> dict[str, str]:
    """Return all that was written about sessions."""
    tables = (*TABLES, Recording, RecordedSegment)
    return {t.__name__: serializers.serialize("json", t.objects.order_by("pk")) for t in tables}


def files() -> dict[str, bool]:
    """Return the files with the sound of recordings, and whether there is any."""
    there = conf.recordings_dir()
    return {p.name: p.stat().st_size > 0 for p in there.rglob("sound*") if p.is_file()}


async def claim_elsewhere(browser: Client) -> dict[str, str]:
    """Have another process claim the session of a client; return all rows as they are then."""
    await behind.join()
    row = await TranslationSession.objects.select_related("conversation").aget()
    hashed = ticket_hash(ticket_of(browser))
    found = await resumptions.find(row.conversation.user_id, "", hashed, OTHER)
    assert found is not None
    assert await resumptions.claim(found, OTHER) is not None
    return await database_thread.run(all_rows)


async def end_elsewhere() -> None:
    """Have the process that claimed it end the session."""
    for row in [row async for row in TranslationSession.objects.filter(state="open")]:
        assert await sessions.end_session(RowOwner(row.pk, row.boot), "client_left", Account())


async def types(_: House, browser: Client) -> None:
    await browser.say("text_input", text="agua", command=2)


async def speaks(_: House, browser: Client) -> None:
    await browser.send_sound(SOUND)


async def stops(_: House, browser: Client) -> None:
    await browser.say("stop_listening", command=2)


async def renames(_: House, browser: Client) -> None:
    await browser.say("rename_speaker", speaker_id="es", name="Ana", command=2)


async def begins_anew(_: House, browser: Client) -> None:
    await browser.say("new_conversation", command=2)


async def changes_its_manner(_: House, browser: Client) -> None:
    await browser.say("set_direction", direction="en_to_es", command=2)


async def leaves(_: House, browser: Client) -> None:
    await browser.say("leave", command=2)


async def loses_its_connection(_: House, browser: Client) -> None:
    await browser.leave(LOST)


async def quits(house: House, _: Client) -> None:
    await house.close()


async def is_logged_out(house: House, _: Client) -> None:
    house.registry.end(list(house.registry.sessions), LOGGED_OUT)


async def looks(house: House, _: Client) -> None:
    await check_rows(house.registry, DatabaseGuard(house.registry, print), is_beat=True)


IDLE = (types, renames, is_logged_out, looks, quits)
LISTENING = (speaks, stops, changes_its_manner, begins_anew, loses_its_connection, leaves, quits)


@pytest.mark.parametrize(
    ("listens", "thaw"), [*((False, thaw) for thaw in IDLE), *((True, thaw) for thaw in LISTENING)]
)
async def test_whatever_it_does_changes_no_row(
    house: House, connect: Connect, thaw: Thaw, *, listens: bool
) -> None:
    async with connect(resumable="1") as browser:
        await browser.say("text_input", text="hola", command=1)
        await browser.until("translation")
        if listens:
            await browser.say("start_listening", encoding="pcm-s16le")
            await browser.send_sound(say("hola mundo") + silence(1))
            await browser.until("translation")
        before = await claim_elsewhere(browser)
        recorded = files()
        await thaw(house, browser)
        await behind.join()
        assert await database_thread.run(all_rows) == before
        if house.registry.sessions:
            await looks(house, browser)
        await eventually(lambda: not house.registry.sessions)
        await behind.join()
    assert await database_thread.run(all_rows) == before
    assert files() == recorded
    await end_elsewhere()


async def test_its_client_is_told_to_resume(
    house: House, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(returning, "END_SECONDS", 0.3)
    async with connect(resumable="1") as browser:
        await browser.say("text_input", text="hola", command=1)
        await browser.until("translation")
        await claim_elsewhere(browser)
        events = [m["event"] for m in browser.heard if "event" in m]
        await types(house, browser)
        assert await browser.close_code() == 4012
        assert browser.told("closed")[0]["reason"] == "claimed"
        assert browser.told("error") == []
        later = [m["event"] for m in browser.heard if "event" in m][len(events) :]
        assert "translation" not in {m["type"] for m in browser.heard if m.get("event") in later}
    await TranslationSession.objects.aupdate(boot="here-1")  # as if the other had died
    row = await TranslationSession.objects.aget()
    assert (row.state, row.close_count) == ("open", 0)
    async with resuming(connect, browser) as again:
        ready: dict[str, Any] = await again.until("ready")
        assert ready["conversation_id"] == browser.told("ready")[0]["conversation_id"]
        await again.leave()
    await row.arefresh_from_db()
    assert (row.state, row.reason, row.close_count) == ("lost", "continued", 1)
    await TranslationSession.objects.filter(pk=row.pk).aupdate(state="closed")


async def test_what_others_held_for_lost_is_taken_back_only_by_its_process(
    house: House, connect: Connect
) -> None:
    async with connect(resumable="1") as browser:
        session_id = UUID(browser.told("ready")[0]["session_id"])
        await TranslationSession.objects.aupdate(state="lost", reason="server_lost", close_count=1)
        assert await database_thread.run(ownership.reclaim, [session_id], OTHER) == 0
        await looks(house, browser)
        row = await TranslationSession.objects.aget()
        assert (row.state, row.reason, row.close_count) == ("open", "", 0)
        await TranslationSession.objects.aupdate(boot=OTHER, state="lost", close_count=1)
        await looks(house, browser)
        assert await browser.close_code() == 4012
    row = await TranslationSession.objects.aget()
    assert (row.boot, row.state, row.close_count) == (OTHER, "lost", 1)
    await TranslationSession.objects.aupdate(state="open", close_count=0)
    await end_elsewhere()
