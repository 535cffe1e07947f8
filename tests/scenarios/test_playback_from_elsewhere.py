"""Playbacks that are begun and controlled over REST or by other processes, without a browser."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.db.models.functions import Now

from playback_app import service, store
from playback_app.admission import PlaybackRequest, admit
from playback_app.models import Playback, PlaybackState
from playback_app.offline import OfflinePlayback, play_offline
from sessions_app.core import events
from sessions_app.core.errors import CommandError
from sessions_app.models import Exchange, TranslationSession
from sessions_app.server.heartbeat import keep_heartbeat
from sessions_app.store.database.thread import database_thread
from sessions_app.store.ownership import mark_lost
from tests.conftest import Connect
from tests.house import Client, House, eventually
from tests.recordings import record
from tests.sessions_app.kept import at_home
from tests.sounds import say, silence

TALK = say("hola mundo") + silence(1)
LONG = say("hola") + silence(30)


@pytest.fixture
async def looked_after(house: House) -> AsyncIterator[House]:
    """Return all of Habla with its heartbeat, as in a server."""
    vigil = asyncio.create_task(keep_heartbeat(house.registry), name="habla vigil")
    yield house
    vigil.cancel()
    await asyncio.wait({vigil})


async def post(address: str, **body: object) -> tuple[int, Any]:
    def asked() -> tuple[int, Any]:
        answer = at_home().post(address, body, content_type="application/json")
        return answer.status_code, answer.json()

    return await asyncio.to_thread(asked)


def session_id(browser: Client) -> str:
    return str(browser.told("ready")[0]["session_id"])


async def ended(playback_id: str) -> Playback:
    rows = Playback.objects.filter(pk=playback_id)
    await there_is(rows.exclude(ended_at=None))
    return await rows.aget()


async def there_is(rows: QuerySet[Any]) -> None:
    async with asyncio.timeout(8):
        while not await rows.aexists():  # noqa: ASYNC110 -- what is looked at tells nobody
            await asyncio.sleep(0.02)


async def test_it_is_begun_held_and_ended_over_http(looked_after: House, connect: Connect) -> None:
    recording = await record(LONG)
    async with connect() as browser:
        body = {"recording_id": str(recording.pk), "session_id": session_id(browser)}
        status, row = await post("/api/playbacks", **body)
        assert (status, row["state"]) == (201, "playing")
        assert await post("/api/playbacks", **body) == (
            409,
            {"code": "already_playing", "message": "Something is being played already."},
        )
        where = f"/api/playbacks/{row['id']}"
        assert [p["id"] for p in looked_after.registry.status()["playbacks"]] == [row["id"]]
        status, held = await post(where + "/pause")
        assert (status, held["state"]) == (200, "paused")
        status, going = await post(where + "/resume")
        assert (status, going["state"]) == (200, "playing")
        first, second = await post(where + "/stop"), await post(where + "/stop")
        assert first == second
        assert (first[0], first[1]["state"], first[1]["reason"]) == (200, "stopped", "asked")
        await browser.until("playback_stopped")
        status, problem = await post(where + "/pause")
        assert (status, problem["code"]) == (409, "not_playing")
    assert [row.end_count async for row in Playback.objects.all()] == [1]


def stop_in_admin(playback_id: str) -> int:
    fields = {"action": "stop_playbacks", ACTION_CHECKBOX_NAME: [playback_id]}
    return at_home().post("/admin/playback_app/playback/", fields).status_code


@pytest.mark.parametrize("leaves", [False, True], ids=["stays", "leaves meanwhile"])
async def test_a_stop_from_everywhere_at_once_is_one_stop(
    looked_after: House, connect: Connect, leaves: bool
) -> None:
    recording = await record(LONG)
    async with connect() as browser:
        body = {"recording_id": str(recording.pk), "session_id": session_id(browser)}
        _, row = await post("/api/playbacks", **body)
        where = f"/api/playbacks/{row['id']}/stop"
        asking = asyncio.gather(
            post(where),
            asyncio.to_thread(stop_in_admin, row["id"]),
            browser.say("stop_playback"),
            post(where),
            browser.say("stop_playback"),
        )
        if leaves:
            await browser.leave()
        first, admin, _, second, _ = await asking
        assert (first[0], second[0], admin) == (200, 200, 302)
        assert (await ended(row["id"])).state == PlaybackState.STOPPED
        assert (await post(where))[1]["state"] == "stopped"
        if not leaves:
            await browser.still_works()
            assert len(browser.told("playback_stopped")) == 1
            assert browser.problems() == []
    assert [row.end_count async for row in Playback.objects.all()] == [1]


async def test_what_is_wrong_is_answered_with_its_status(
    looked_after: House, connect: Connect
) -> None:
    recording = await record(LONG)
    asked = {"recording_id": str(recording.pk), "session_id": str(uuid4())}
    status, problem = await post("/api/playbacks", **asked)
    assert (status, problem["code"]) == (404, "unknown_session")
    status, problem = await post("/api/playbacks", recording_id=str(uuid4()))
    assert (status, problem["code"]) == (404, "unknown_recording")
    status, problem = await post("/api/playbacks", recording_id=str(recording.pk), speed=17)
    assert (status, problem["code"]) == (422, "bad_field")
    status, problem = await post("/api/playbacks", recording_id=str(recording.pk), mode="segments")
    assert (status, problem["code"]) == (422, "not_playable")
    status, _ = await post(f"/api/playbacks/{uuid4()}/stop")
    assert status == 404
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.until("listening_started")
        asked["session_id"] = session_id(browser)
        await there_is(TranslationSession.objects.filter(is_listening=True))
        status, problem = await post("/api/playbacks", **asked)
        assert (status, problem["code"]) == (409, "already_listening")
    assert await Playback.objects.acount() == 0


async def test_it_is_played_without_a_browser(looked_after: House) -> None:
    recording = await record(TALK)
    status, row = await post("/api/playbacks", recording_id=str(recording.pk), speed=0)
    assert status == 201
    playback = await ended(row["id"])
    assert (playback.state, playback.has_own_session) == (PlaybackState.FINISHED, True)
    await eventually(lambda: not looked_after.registry.sessions)
    session = await TranslationSession.objects.aget()
    assert (session.pk, session.reason) == (playback.session_id, "playback_over")
    assert [e.source async for e in Exchange.objects.all()] == ["hola mundo"]


async def test_a_dead_servers_playback_is_interrupted(house: House) -> None:
    recording = await record(TALK)
    earlier = house.registry.boot.partition("-")[0] + "-" + "0" * 16
    fields = {"recording": recording, "user_id": recording.user_id, "state": "playing"}
    mine = await Playback.objects.acreate(**fields, boot=earlier)
    other = await Playback.objects.acreate(**fields, boot="elsewhere-1")
    await Playback.objects.filter(pk__in=(mine.pk, other.pk)).aupdate(seen_at=Now())
    await service.poll_playbacks(house.registry, is_beat=True)
    rows = Playback.objects.order_by("requested_at").values_list("state", "end_count")
    assert [row async for row in rows] == [("interrupted", 1), ("playing", 0)]


async def test_what_plays_by_itself_is_left_alone_by_a_server_of_the_directory(
    house: House,
) -> None:
    recording = await record(TALK)
    heard: list[float] = []
    said: list[events.Exchange] = []
    request = PlaybackRequest(recording.user_id, recording.pk, None, speed=4)
    result = OfflinePlayback(told=said.append)
    playing = asyncio.create_task(play_offline(request, None, result, heard=heard.append))
    while not playing.done():
        await service.poll_playbacks(house.registry, is_beat=True)
        await mark_lost(house.registry.boot)
    playback = await playing
    assert playback.state == PlaybackState.FINISHED
    assert [exchange.source for exchange in said] == ["hola mundo"]
    assert (await TranslationSession.objects.aget()).reason == "playback_over"
    assert heard[-1] == pytest.approx(1.5, abs=0.1)


async def test_a_playback_has_one_end_whoever_brings_it(house: House) -> None:
    recording = await record(TALK)
    row = await Playback.objects.acreate(recording=recording, user_id=recording.user_id, boot="b-1")
    ends = (PlaybackState.FINISHED, PlaybackState.STOPPED, PlaybackState.FAILED) * 4
    won = await asyncio.gather(
        *(database_thread.run(store.end_playback, row.pk, end, "asked") for end in ends)
    )
    assert sum(won) == 1
    assert (await Playback.objects.aget()).end_count == 1


async def nothing() -> None:
    """A turn that does nothing."""


async def ask_for(house: House, browser: Client) -> None:
    """Ask for a playback in the client's session, and let the process take it."""
    recording = await record(TALK)
    request = PlaybackRequest(recording.user_id, recording.pk, UUID(session_id(browser)))
    await database_thread.run(admit, request)
    await service.poll_playbacks(house.registry, is_beat=False)


async def test_one_whose_session_is_cut_off_before_its_turn_is_stopped(
    house: House, connect: Connect
) -> None:
    await house.restart(translator={"delay_seconds": 60}, drain_seconds=0.2)
    async with connect() as browser:
        await browser.say("text_input", text="hola")
        await browser.say("new_conversation")
        await browser.until("transcript")
        await ask_for(house, browser)
        assert (await Playback.objects.aget()).state == PlaybackState.STARTING
    await house.close()
    row = await Playback.objects.aget()
    assert (row.state, row.reason) == (PlaybackState.STOPPED, "session_ended")


async def test_one_that_finds_no_room_in_line_has_failed(house: House, connect: Connect) -> None:
    async with connect() as browser:
        (session,) = house.registry.sessions.values()
        begun, forever = asyncio.Event(), asyncio.Event()

        async def hang() -> None:
            begun.set()
            await forever.wait()

        session.perform(hang)
        await begun.wait()
        with suppress(CommandError):
            while True:
                session.perform(nothing)
        await ask_for(house, browser)
        forever.set()
    row = await Playback.objects.aget()
    assert (row.state, row.reason) == (PlaybackState.FAILED, "busy")
