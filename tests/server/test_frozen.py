"""A process that was frozen and taken for dead goes on, or ends what was deleted meanwhile."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.house import eventually
from tests.server.pair import answer, ask, id_of, pair, record, status
from tests.server.postgres import find_program
from tests.server.running import ROOT, Running, environment, manage, running
from tests.server.visitor import visitor
from tests.sounds import say, silence

pytestmark = pytest.mark.skipif(
    find_program("initdb") is None, reason="PostgreSQL is not installed"
)

SAID = say("hola mundo") + silence(1)
LOST_SECONDS = 60.0
"""5 s of silence, on a busy machine."""
BACK_SECONDS = 30.0
HOLD = """
import os, signal
from django.db import transaction
from sessions_app.models import TranslationSession

with transaction.atomic():
    list(TranslationSession.objects.select_for_update())
    os.kill(os.getpid(), signal.SIGSTOP)
"""
SOON = "tests.server.short_silence"


@asynccontextmanager
async def frozen(one: Running, other: Running, session_id: str) -> AsyncIterator[None]:
    """Freeze ``one`` until ``other`` has marked its sessions as lost."""
    one.signal(signal.SIGSTOP)
    try:
        await until(other, session_id, "lost", LOST_SECONDS)
        yield
    finally:
        one.signal(signal.SIGCONT)


async def until(server: Running, session_id: str, state: str, seconds: float) -> dict[str, Any]:
    async with asyncio.timeout(seconds):
        while (row := await ask(server, "GET", f"/sessions/{session_id}"))["state"] != state:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return dict(row)


async def playback(server: Running, playback_id: str, state: str) -> tuple[str, str]:
    """Return a playback's state and reason, once it is ``state`` or BACK_SECONDS are over."""
    deadline = asyncio.get_running_loop().time() + BACK_SECONDS
    while True:
        row = await ask(server, "GET", f"/playbacks/{playback_id}")
        if row["state"] == state or asyncio.get_running_loop().time() > deadline:
            return row["state"], row["reason"]
        await asyncio.sleep(0.1)


async def test_it_takes_its_rows_back_and_goes_on(database: str, tmp_path: Path) -> None:
    async with (
        pair(tmp_path, DATABASE_URL=database, DJANGO_SETTINGS_MODULE=SOON) as (one, other),
        visitor(one.socket_address) as guest,
        visitor(one.socket_address) as listener,
    ):
        await guest.type_and_hear("hola")
        recording = await record(listener)
        await listener.say("start_playback", recording_id=recording)
        await listener.until("playback_started")
        await listener.say("pause_playback")
        playing = (await listener.until("playback_paused"))["playback_id"]
        async with frozen(one, other, id_of(guest)):
            await until(other, id_of(listener), "lost", LOST_SECONDS)
        for session in (guest, listener):
            await until(other, id_of(session), "open", BACK_SECONDS)
        await guest.type_and_hear("gracias")
        assert await playback(other, playing, "paused") == ("paused", "")
        await listener.say("resume_playback")
        await listener.until("playback_resumed")
        await listener.say("stop_playback")
        assert (await listener.until("playback_stopped"))["reason"] == "asked"
        sessions = await sessions_of(other, one.address)
        assert sessions == {id_of(guest), id_of(listener)}
        await ask(other, "DELETE", f"/sessions/{id_of(guest)}/live")
        assert await guest.close_code() == 1000
        await listener.leave()
        one.signal()
        assert await one.ended() == 0
        assert "taken back" in one.log
        found = await rows(database, tmp_path)
        assert [row[:3] for row in found] == [
            ["closed", "client_left", 1],
            ["closed", "ended_by_operator", 1],
        ]
        assert found[1][3] == len(["hola", "gracias"])


async def test_what_was_deleted_meanwhile_ends_and_is_told(database: str, tmp_path: Path) -> None:
    async with (
        pair(tmp_path, DATABASE_URL=database, DJANGO_SETTINGS_MODULE=SOON) as (one, other),
        visitor(one.socket_address) as guest,
        visitor(one.socket_address) as listener,
    ):
        await guest.type_and_hear("hola")
        await listener.listen(SAID)
        await listener.until("translation")
        recording = listener.told("listening_started")[0]["recording"]
        async with frozen(one, other, id_of(guest)):
            await until(other, id_of(listener), "lost", LOST_SECONDS)
            assert (await answer(other, "DELETE", f"/sessions/{id_of(guest)}"))[0] == 204
            await until_deleted(other, recording)
        assert await guest.close_code() == 4011
        assert [error["code"] for error in guest.told("error") if error["fatal"]] == ["deleted"]
        assert (await listener.until("error"))["code"] == "recording_stopped"
        await listener.send_sound(SAID)
        assert (await listener.until("translation"))["source"] == "hola mundo"
        await listener.say("stop_listening")
        await listener.until("listening_stopped")
        await listener.leave()
        one.signal()
        assert await one.ended() == 0
        assert [path for path in (tmp_path / "recordings").rglob("*.*") if path.suffix] == []
    assert [row[:3] for row in await rows(database, tmp_path)] == [["closed", "client_left", 1]]


async def sessions_of(server: Running, address: str) -> set[str]:
    """Return the sessions of the server at ``address``, once its first heartbeat has come again."""
    async with asyncio.timeout(BACK_SECONDS):
        while True:
            servers = (await status(server))["servers"]
            if told := [each for each in servers if each["address"] == address]:
                return {session["id"] for session in told[0]["sessions"]}
            await asyncio.sleep(0.1)


async def until_deleted(server: Running, recording: str) -> None:
    """Delete a recording as soon as it does not count as being written any more."""
    async with asyncio.timeout(LOST_SECONDS):
        while (told := await answer(server, "DELETE", f"/recordings/{recording}"))[0] == 409:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert told[0] == 204


async def rows(database: str, data_dir: Path) -> list[list[Any]]:
    """Return each session's state, reason, close_count and how much was said in it."""
    query = (
        "import json; from sessions_app.models import TranslationSession as S;"
        "rows = S.objects.order_by('reason');"
        "print(json.dumps([[s.state, s.reason, s.close_count, s.exchanges.count()] for s in rows]))"
    )
    env = environment(data_dir, DATABASE_URL=database)
    code, output = await manage("shell", "--verbosity=0", "-c", query, env=env)
    assert code == 0, output
    found: list[list[Any]] = json.loads(output.splitlines()[-1])
    return found


async def test_who_is_frozen_in_the_middle_of_a_write_holds_nobody_up(
    database: str, tmp_path: Path
) -> None:
    env = environment(tmp_path, DATABASE_URL=database)
    async with (
        running(tmp_path, DATABASE_URL=database) as server,
        visitor(server.socket_address) as guest,
    ):
        await guest.type_and_hear("hola")
        holder = await asyncio.create_subprocess_exec(
            *(sys.executable, "manage.py", "shell", "--verbosity=0", "-c", HOLD), cwd=ROOT, env=env
        )
        try:
            state = Path(f"/proc/{holder.pid}/status")
            await eventually(lambda: "State:\tT" in state.read_text())
            await guest.type_and_hear("gracias")
            await guest.leave()
            await until(server, id_of(guest), "closed", LOST_SECONDS)
        finally:
            holder.kill()
            await holder.wait()
    found = await rows(database, tmp_path)
    assert [row[:3] for row in found] == [["closed", "client_left", 1]]
    assert found[0][3] == len(["hola", "gracias"])
