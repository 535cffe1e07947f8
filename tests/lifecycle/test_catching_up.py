"""Real servers catch up on what sessions were cut off from, whatever ended these or themselves."""

import asyncio
import json
import random
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.invariants import rows, status
from tests.lifecycle.shutdown_tools import ask, fake, mark_of, wayward
from tests.moody import moody
from tests.server.caller import Caller
from tests.server.running import Running, environment, manage, running
from tests.server.visitor import Visitor, visitor
from tests.sounds import chunks, say, silence

WORDS = ("hola", "mundo", "gracias", "agua", "casa", "roja", "sí", "no")
SLOW: dict[str, Any] = {"HABLA_TRANSCRIBER": fake(delay_seconds=600), "HABLA_DRAIN_SECONDS": "0.5"}
QUICK: dict[str, Any] = {"HABLA_TRANSCRIBER": "fake"}
DONE_SECONDS = 60.0
SAID = "select source, translated, is_late from sessions_app_exchange order by said_at, id"
WAITING = "select count(*) from sessions_app_recordedsegment where text = '' and discarded = ?"


def talk(*words: str) -> bytes:
    return b"".join(say(word) + silence(0.9) for word in words)


def said(data_dir: Path) -> list[str]:
    """Return what is kept, in the order of the history."""
    return [source for source, _, _ in ask(data_dir / "habla.sqlite3", SAID)]


def late(data_dir: Path) -> int:
    return sum(is_late for _, _, is_late in ask(data_dir / "habla.sqlite3", SAID))


async def until(holds: Callable[[], bool], seconds: float = DONE_SECONDS) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 -- rows tell nobody
            await asyncio.sleep(0.05)


async def speak_and_leave(server: Running, *words: str) -> str:
    """Say words that an engine does not come to, and leave; return the session's id."""
    async with visitor(f"{server.socket_address}?direction=es_to_en") as guest:
        session = str(guest.told("ready")[0]["session_id"])
        await guest.listen(talk(*words))
        await until_heard(guest, len(words))
    return session


async def until_heard(guest: Visitor, count: int) -> None:
    while len(guest.told("speech_ended")) < count:
        await guest.next()


async def rest(server: Running, path: str) -> Any:
    return await asyncio.to_thread(_rest, f"{server.address}/api{path}", server.key)


def _rest(address: str, key: str) -> Any:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    asked = urllib.request.Request(address, headers={"Authorization": f"Bearer {key}"})
    with opener.open(asked, timeout=15) as response:
        return json.load(response)


def assert_sound(data_dir: Path, *, left: int = 0) -> None:
    """Check that every account balances, and that nothing more is unfinished than ``left``."""
    found = rows(data_dir)
    assert [row.problem for row in found if row.problem] == []
    assert sum(row.unfinished for row in found) == left


async def end(server: Running, code: int = 0) -> None:
    server.signal()
    assert await server.ended() == code


async def test_who_leaves_a_slow_engine_behind_finds_the_words_in_the_history(
    data_dir: Path,
) -> None:
    slow = SLOW | {"HABLA_TRANSCRIBER": fake(delay_seconds=1)}
    async with running(data_dir, **slow) as server:
        session = await speak_and_leave(server, *WORDS)
        async with asyncio.timeout(DONE_SECONDS):
            while not (await status(server))["catching_up"]["sentences"]:  # noqa: ASYNC110 -- it tells nobody
                await asyncio.sleep(0.05)
        await until(lambda: len(said(data_dir)) == len(WORDS))
        assert said(data_dir) == [*WORDS]
        told = (await rest(server, f"/sessions/{session}/exchanges"))["items"]
        assert [one["source"] for one in reversed(told)] == [*WORDS]
        assert [one["late"] for one in told][:2] == [True, True]
        exported = await rest(server, f"/sessions/{session}/export?format=json")
        assert [one["source"] for one in exported["exchanges"]] == [*WORDS]
        assert exported["exchanges"][-1]["late"] is True
        assert "is_late" not in exported["exchanges"][-1]
        assert (await status(server))["catching_up"] == dict.fromkeys(
            ("sentences", "translations", "failed", "deleted"), 0
        )
        await end(server)
    assert_sound(data_dir)


async def test_what_a_quit_cut_off_is_caught_up_on_by_the_next_server(data_dir: Path) -> None:
    async with running(data_dir, **SLOW, HABLA_QUIT_SECONDS="1") as server:
        async with visitor(f"{server.socket_address}?direction=es_to_en") as guest:
            await guest.listen(talk(*WORDS))
            await until_heard(guest, len(WORDS))
            server.signal()
            assert await guest.close_code() == 4012
        assert await server.ended() == 3
    assert said(data_dir) == []
    async with running(data_dir, **QUICK) as server:
        await until(lambda: said(data_dir) == [*WORDS])
        await end(server)
    assert_sound(data_dir)


async def test_what_a_killed_server_had_not_told_is_heard_by_the_next_each_word_once(
    data_dir: Path,
) -> None:
    engine = fake(delay_seconds=0.3)
    async with (
        running(data_dir, HABLA_TRANSCRIBER=engine) as server,
        visitor(f"{server.socket_address}?direction=es_to_en") as guest,
    ):
        await guest.listen(talk(*WORDS))
        await guest.until("translation")
        await guest.until("translation")
        sound = next((data_dir / "recordings").glob("*/*/sound.wav.part"))
        await until(lambda: sound.stat().st_size == 44 + len(talk(*WORDS)))
        await server.kill()
    before = len(said(data_dir))
    assert 2 <= before < len(WORDS)
    code, output = await manage("catch_up", env=environment(data_dir))
    assert (code, "left open when it was killed: 1." in output) == (0, True), output
    async with running(data_dir, **QUICK) as server:
        await until(lambda: len(said(data_dir)) >= len(WORDS))
        await until(lambda: ask_one(data_dir, "select catch_up from sessions_app_recording"))
        await end(server)
    assert said(data_dir) == [*WORDS]
    assert late(data_dir) == len(WORDS) - before
    assert_sound(data_dir)
    (row,) = rows(data_dir)
    assert (row.state, row.reason) == ("lost", "server_lost")
    assert row.received == row.speech + row.silence == len(talk(*WORDS)) // 2


def ask_one(data_dir: Path, query: str) -> bool:
    return ask(data_dir / "habla.sqlite3", query) == [("done",)]


async def lose(server: Running, *words: str, translations: int = 0) -> Caller:
    """Say words as a client that may come back, but does not."""
    caller = Caller()
    await caller.call(server, resumable="1", direction="es_to_en")
    await caller.say("start_listening", encoding="pcm-s16le", command=1)
    for piece in chunks(talk(*words)):
        await caller.socket.send(piece)
    for _ in range(translations):
        await caller.until("translation")
    while len(caller.told("speech_ended")) < len(words):
        await caller.until("speech_ended")
    return caller


@pytest.mark.parametrize("how", ["expired", "quit", "killed"])
async def test_who_does_not_come_back_finds_the_words_in_the_history(
    data_dir: Path, how: str
) -> None:
    slow = SLOW | {"HABLA_RESUME_SECONDS": "1", "HABLA_TRANSCRIBER": fake(delay_seconds=0.7)}
    async with running(data_dir, **slow) as server:
        caller = await lose(server, *WORDS, translations=2)
        if how == "expired":
            caller.socket.transport.abort()
            await until(lambda: rows(data_dir)[0].state == "closed")
            await server.kill()
        elif how == "quit":
            server.signal()
            await server.ended()
        else:
            sound = next((data_dir / "recordings").glob("*/*/sound.wav.part"))
            await until(lambda: sound.stat().st_size == 44 + len(talk(*WORDS)))
            await server.kill()
    before = said(data_dir)
    assert 2 <= len(before) < len(WORDS)
    async with running(data_dir, **QUICK, HABLA_RESUME_SECONDS="1") as server:
        await until(lambda: len(said(data_dir)) >= len(WORDS))
        await until(lambda: ask_one(data_dir, "select catch_up from sessions_app_recording"))
        await end(server)
    assert said(data_dir) == [*WORDS]
    assert late(data_dir) == len(WORDS) - len(before)
    assert_sound(data_dir)
    (row,) = rows(data_dir)
    reasons = {
        "expired": "not_resumed_cut_off",
        "quit": "not_resumed_cut_off",
        "killed": "server_lost",
    }
    assert row.reason == reasons[how]
    assert row.received == row.speech + row.silence == len(talk(*WORDS)) // 2


@pytest.mark.long
async def test_kills_in_the_midst_of_it_lose_nothing_and_double_nothing(data_dir: Path) -> None:
    chosen = random.Random(14)
    words = [*WORDS, *WORDS]
    async with running(data_dir, **SLOW) as server:
        await speak_and_leave(server, *words)
        await until(lambda: rows(data_dir)[0].state == "closed")
        await server.kill()
    slow = fake(delay_seconds=0.25)
    for _ in range(5):
        async with running(data_dir, HABLA_TRANSCRIBER=slow) as server:
            await asyncio.sleep(chosen.uniform(0.05, 2.5))
            await server.kill()
        found = said(data_dir)
        assert found == words[: len(found)]
    async with running(data_dir, **QUICK) as server:
        await until(lambda: len(said(data_dir)) == len(words))
        await end(server)
    assert said(data_dir) == words
    assert_sound(data_dir)
    cut = "select count(*), count(distinct utterance_id) from sessions_app_recordedsegment"
    assert ask(data_dir / "habla.sqlite3", cut) == [(len(words), len(words))]


async def test_engines_that_are_loaded_again_are_asked_at_once(data_dir: Path) -> None:
    mood = data_dir / "mood"
    mood.touch()
    async with running(data_dir, HABLA_TRANSCRIBER=moody(mood)) as server:
        async with visitor(f"{server.socket_address}?direction=es_to_en") as guest:
            await guest.listen(talk("hola", "mundo"))
            await guest.say("stop_listening")
            await guest.until("listening_stopped")
        attempts = "select sum(attempts) from sessions_app_recordedsegment"
        await until(lambda: ask(data_dir / "habla.sqlite3", attempts) == [(2,)])
        mood.unlink()
        code, output = await manage("reload_engines", env=environment(data_dir))
        assert code == 0, output
        await until(lambda: said(data_dir) == ["hola", "mundo"], seconds=25)
        await end(server)
    assert_sound(data_dir)
    assert rows(data_dir)[0].discarded == 0


async def test_a_recording_that_is_deleted_ends_it_and_is_told(data_dir: Path) -> None:
    async with running(data_dir, **SLOW) as server:
        session = await speak_and_leave(server, *WORDS)
        await until(lambda: rows(data_dir)[0].state == "closed")
        await until_status(server, sentences=len(WORDS))
        (recording,) = (await rest(server, "/recordings"))["items"]
        code = await asyncio.to_thread(_delete, server, f"/recordings/{recording['id']}")
        assert code == 204
        await until_status(server, sentences=0, deleted=len(WORDS))
        code, output = await manage("catch_up", session, env=environment(data_dir))
        assert (code, "Nothing waits to be transcribed." in output) == (0, True)
        await end(server)
    assert said(data_dir) == []


def _delete(server: Running, path: str) -> int:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    headers = {"Authorization": f"Bearer {server.key}"}
    asked = urllib.request.Request(f"{server.address}/api{path}", headers=headers, method="DELETE")
    with opener.open(asked, timeout=15) as response:
        return int(response.status)


async def until_status(server: Running, **wanted: int) -> None:
    async with asyncio.timeout(DONE_SECONDS):
        while not wanted.items() <= (await status(server))["catching_up"].items():  # noqa: ASYNC110 -- it tells nobody
            await asyncio.sleep(0.05)


async def test_whoever_speaks_has_the_engine_at_once_and_a_quit_waits_for_nothing(
    data_dir: Path,
) -> None:
    """What waits would keep the engine for ever; each who speaks gets the words all the same."""
    async with running(data_dir, **SLOW) as server:
        await speak_and_leave(server, "agua")
        await until(lambda: rows(data_dir)[0].state == "closed")
        await server.kill()
    choices = wayward(data_dir, "transcribe", "waits") | {"HABLA_DRAIN_SECONDS": "120"}
    async with running(data_dir, **choices) as server:
        await until(mark_of(data_dir).exists)
        async with visitor(f"{server.socket_address}?direction=es_to_en") as guest:
            for word in ("hola", "mundo", "gracias"):
                mark_of(data_dir).unlink()
                if not guest.told("listening_started"):
                    await guest.say("start_listening", encoding="pcm-s16le")
                await guest.send_sound(say(word) + silence(1))
                await guest.until("speech_ended")
                assert (await guest.until("transcript"))["text"] == word
                await guest.until("translation")
                await until(mark_of(data_dir).exists)  # it is taken up again
        assert [source for source in said(data_dir) if source == "agua"] == []
        await end(server)  # long before the drain's limit
    assert said(data_dir) == ["hola", "mundo", "gracias"]
    attempts = "select attempts from sessions_app_recordedsegment where discarded = 'unfinished'"
    assert ask(data_dir / "habla.sqlite3", attempts) == [(0,)]


async def test_the_command_does_it_without_a_server(data_dir: Path) -> None:
    async with running(data_dir, **SLOW) as server:
        session = await speak_and_leave(server, "hola", "mundo")
        await until(lambda: rows(data_dir)[0].state == "closed")
        await server.kill()
    quick = environment(data_dir)
    code, output = await manage("catch_up", "no-such-session", env=quick)
    assert (code, "There is no session no-such-session." in output) == (2, True)
    failing = environment(data_dir, HABLA_TRANSCRIBER=fake(failing_word="mundo"))
    code, output = await manage("catch_up", env=failing)
    assert (code, "Sentences that still wait: 1." in output) == (1, True), output
    code, output = await manage("catch_up", session, env=quick)
    assert (code, "Sentences that were transcribed: 1." in output) == (0, True), output
    code, output = await manage("catch_up", env=quick)
    assert (code, "Nothing waits to be transcribed." in output) == (0, True), output
    assert said(data_dir) == ["hola", "mundo"]
    assert_sound(data_dir)


async def test_the_command_has_the_running_server_do_it_at_once(data_dir: Path) -> None:
    mood = data_dir / "mood"
    mood.touch()
    async with running(data_dir, HABLA_TRANSCRIBER=moody(mood)) as server:
        async with visitor(f"{server.socket_address}?direction=es_to_en") as guest:
            await guest.listen(talk("hola"))
            await guest.say("stop_listening")
            await guest.until("listening_stopped")
        attempts = "select sum(attempts) from sessions_app_recordedsegment"
        await until(lambda: ask(data_dir / "habla.sqlite3", attempts) == [(1,)])
        code, output = await manage("catch_up", "--timeout=1", env=environment(data_dir))
        assert (code, "Sentences that still wait: 1." in output) == (1, True), output
        code, output = await manage("status", env=environment(data_dir))
        assert "1 sentences of ended sessions wait to be transcribed." in output
        mood.unlink()
        code, output = await manage("catch_up", env=environment(data_dir))
        assert (code, "Sentences that were transcribed: 1." in output) == (0, True), output
        await end(server)
    assert said(data_dir) == ["hola"]
