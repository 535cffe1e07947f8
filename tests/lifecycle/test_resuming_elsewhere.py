"""Another process goes on with a session, after a quit and after a kill: nothing is lost."""

import asyncio
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.invariants import rows
from tests.lifecycle.shutdown_tools import ask
from tests.patience import PATIENCE_SECONDS
from tests.server.caller import Caller
from tests.server.running import running
from tests.sounds import chunks, mp4, ogg, say, silence, webm

WORDS = ["hola mundo", "gracias", "agua"]
SOUND = silence(0.2).join(say(words) + silence(1) for words in WORDS)
ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "pcm-s16le": bytes,
    "webm-opus": webm,
    "ogg-opus": ogg,
    "mp4-aac": mp4,
}


async def hear_the_rest(caller: Caller, sound: bytes, resumed: dict[str, Any]) -> None:
    """Send what the server does not have, and wait for all of its words."""
    for piece in chunks(sound[resumed["bytes"] :], 0.1):
        await caller.socket.send(piece)
    await caller.say("stop_listening", command=resumed["command"] + 1)
    await caller.until("listening_stopped")
    await caller.say("leave")
    await caller.until("closed")


def parts(data_dir: Path) -> list[Path]:
    """Return the files that are not complete."""
    return list(data_dir.glob("**/*.part"))


@pytest.mark.parametrize("encoding", list(ENCODINGS))
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["quit", "killed"])
async def test_a_stream_goes_on_in_the_next_process(
    data_dir: Path, encoding: str, number: int
) -> None:
    sound = ENCODINGS[encoding](SOUND)
    caller = Caller()
    async with running(data_dir) as server:
        first = await caller.call(server)
        await caller.say("start_listening", encoding=encoding, command=1)
        half = len(sound) // 2
        for piece in chunks(sound[:half], 0.1):
            await caller.socket.send(piece)
        while not caller.told("translation") or caller.told("kept")[-1]["bytes"] < half // 2:
            await caller.until("kept")
        server.signal(number)
        code = await server.ended()
        assert code == (0 if number == signal.SIGTERM else -signal.SIGKILL)
    kept = caller.told("kept")[-1]
    async with running(data_dir) as server:
        resumed = await caller.call(server)
        assert resumed["type"] == "resumed"
        assert resumed["session_id"] == first["session_id"]
        assert (resumed["listening"], resumed["stream"], resumed["command"]) == (True, 1, 1)
        begun = caller.told("listening_started")[0]
        assert {resumed[name] == begun[name] for name in ("encoding", "recording")} == {True}
        assert kept["bytes"] <= resumed["bytes"] <= half
        await hear_the_rest(caller, sound, resumed)
        server.signal()
        assert await server.ended() == 0
    assert caller.words() == WORDS
    events = [m["event"] for m in caller.heard if "event" in m]
    assert events == sorted(set(events))
    [row] = rows(data_dir)
    assert (row.reason, row.problem, row.unfinished) == ("client_left", "", 0)
    database = data_dir / "habla.sqlite3"
    said = ask(database, "select source from sessions_app_exchange order by start_seconds")
    assert [source for (source,) in said] == WORDS
    recordings = ask(database, "select state, has_sound from sessions_app_recording")
    assert recordings == [("complete", 1)]
    assert not parts(data_dir)


async def test_what_the_client_missed_is_told_by_the_next_process(data_dir: Path) -> None:
    caller = Caller()
    async with running(data_dir) as server:
        await caller.call(server)
        for number, words in enumerate(WORDS, 1):
            await caller.say("text_input", text=words, command=number)
        for _ in WORDS:
            await caller.until("translation")
        await server.kill()
    forgotten = caller.told("translation")[1]["event"]
    caller.heard = [m for m in caller.heard if m.get("event", 0) < forgotten]
    async with running(data_dir) as server:
        resumed = await caller.call(server)
        assert (resumed["command"], resumed["listening"]) == (3, False)
        await caller.say("text_input", text="hola", command=3)
        await caller.say("text_input", text="adios", command=4)
        while caller.words()[-1:] != ["adios"]:
            await caller.until("translation")
        await caller.say("leave")
        await caller.until("closed")
        server.signal()
        assert await server.ended() == 0
    assert caller.words() == [*WORDS, "adios"]
    assert [row.problem for row in rows(data_dir)] == [""]


async def test_what_comes_while_a_server_quits_is_taken_by_the_next(data_dir: Path) -> None:
    caller = Caller()
    slow = json.dumps({"BACKEND": "fake", "OPTIONS": {"delay_seconds": 1}})
    async with running(data_dir, HABLA_TRANSLATOR=slow) as server:
        await caller.call(server)
        await caller.say("start_listening", encoding="pcm-s16le", command=1)
        await caller.say("text_input", text="hola", command=2)
        await caller.until("transcript")
        server.signal()
        await caller.until("going_away")
        await caller.socket.send(say("gracias"))
        await caller.say("text_input", text="mundo", command=3)
        await caller.until("closed")
        assert await server.ended() == 0
    async with running(data_dir) as server:
        resumed = await caller.call(server)
        assert (resumed["bytes"], resumed["command"], resumed["listening"]) == (0, 2, True)
        await caller.socket.send(say("gracias"))
        await caller.say("stop_listening", command=3)
        await caller.until("listening_stopped")
        await caller.say("text_input", text="mundo", command=4)
        await caller.until("translation")
        await caller.say("leave")
        await caller.until("closed")
    assert caller.told("error") == []
    assert caller.words() == ["hola", "gracias", "mundo"]


async def test_who_does_not_come_back_to_the_next_process_ends_it(data_dir: Path) -> None:
    caller = Caller()
    choices: dict[str, Any] = {"HABLA_RESUME_SECONDS": "1"}
    async with running(data_dir, **choices) as server:
        await caller.call(server)
        await caller.say("start_listening", encoding="pcm-s16le")
        await caller.socket.send(say("hola mundo"))
        await caller.until("speech_started")
        server.signal()
        assert await server.ended() == 0
    assert [row.state for row in rows(data_dir)] == ["open"]
    async with running(data_dir, **choices) as server:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while rows(data_dir)[0].state == "open":  # noqa: ASYNC110 -- rows tell nobody
                await asyncio.sleep(0.05)
        server.signal()
        assert await server.ended() == 0
    [row] = rows(data_dir)
    assert (row.state, row.reason, row.problem) == ("closed", "not_resumed_cut_off", "")
    assert row.received > 0
