"""The time for which a session waits for its client runs only while a server can let it in."""

import asyncio
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from sessions_app.models import Resumption, SessionState, TranslationSession
from sessions_app.store import ownership
from sessions_app.store.database.thread import database_thread
from sessions_app.store.database.write_behind import behind
from sessions_app.store.resumptions import MOST_OUTAGE_SECONDS
from tests.conftest import Connect
from tests.house import Client, House, eventually
from tests.resuming import LOST, resuming

RESUME_SECONDS = 0.5


async def who_lost_the_connection(connect: Connect) -> Client:
    """Return a client that lost its connection; all about that is stored."""
    async with connect(resumable="1") as first:
        await first.leave(LOST)
    await behind.join()
    return first


async def test_an_outage_of_the_database_does_not_count(
    house: House, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    await house.restart(resume_seconds=RESUME_SECONDS)
    first = await who_lost_the_connection(connect)
    database_thread.outage.failed("the database is away")
    await asyncio.sleep(2 * RESUME_SECONDS)
    assert [session.state for session in house.registry.sessions.values()] == ["detached"]
    database_thread.outage.ended()
    caplog.clear()  # the log has the outage
    async with resuming(connect, first) as second:
        await second.until("resumed")
        await second.leave(LOST)
    await eventually(lambda: not house.registry.sessions)
    assert [row.reason async for row in TranslationSession.objects.all()] == ["not_resumed"]


async def test_an_outage_counts_where_it_lasts_too_long(
    house: House,
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sessions_app.store.resumptions.MOST_OUTAGE_SECONDS", 0.2)
    await house.restart(resume_seconds=RESUME_SECONDS)
    await who_lost_the_connection(connect)
    database_thread.outage.failed("the database is away")
    await eventually(lambda: not house.registry.sessions)
    database_thread.outage.ended()
    caplog.clear()  # the log has the outage
    await behind.join()
    assert [row.reason async for row in TranslationSession.objects.all()] == ["not_resumed"]


async def test_the_time_without_any_server_does_not_count(house: House, connect: Connect) -> None:
    await house.restart(resume_seconds=RESUME_SECONDS)
    first = await who_lost_the_connection(connect)
    await house.close()
    await Resumption.objects.aupdate(detached_at=Now() - timedelta(seconds=60))
    await house.open()
    assert await ownership.mark_lost(house.registry.boot) == 0
    async with resuming(connect, first) as second:
        await second.until("resumed")
        await second.leave()
    assert [row.reason async for row in TranslationSession.objects.all()] == ["client_left"]


async def test_who_was_away_for_much_longer_is_not_waited_for(
    house: House, connect: Connect
) -> None:
    await house.restart(resume_seconds=RESUME_SECONDS)
    await who_lost_the_connection(connect)
    await house.close()
    away = timedelta(seconds=MOST_OUTAGE_SECONDS + 1)
    await Resumption.objects.aupdate(detached_at=Now() - away)
    await house.open()
    assert await ownership.mark_lost(house.registry.boot) == 1
    row = await TranslationSession.objects.aget()
    assert (row.state, row.reason) == (SessionState.CLOSED, "not_resumed")


async def test_a_server_waits_as_long_as_it_would_have_from_its_start(
    house: House, connect: Connect
) -> None:
    await house.restart(resume_seconds=RESUME_SECONDS)
    await who_lost_the_connection(connect)
    await house.restart()
    assert await ownership.mark_lost(house.registry.boot) == 0
    await asyncio.sleep(RESUME_SECONDS)
    assert await ownership.mark_lost(house.registry.boot) == 1
