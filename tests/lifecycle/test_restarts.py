"""Engines are reloaded, fail or never finish: each session keeps its own, and gets all results."""

import asyncio
import json
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

from sessions_app.models import Exchange, TranslationSession
from tests.conftest import Connect
from tests.house import House, eventually
from tests.lifecycle.engines import FICKLE, STUCK
from tests.lifecycle.invariants import alone, reasons, rows, said, served, status
from tests.server.running import LAST_OF_ENGINES, Running
from tests.server.visitor import visitor
from tests.sounds import say, silence

SLOW = json.dumps({"BACKEND": "fake", "OPTIONS": {"delay_seconds": 0.1}})


async def reload_engines(server: Running) -> None:
    """Reload the engines, and wait until they are there."""
    server.signal(signal.SIGHUP)
    await server.until_said(LAST_OF_ENGINES)


async def until_logged(server: Running, text: str) -> None:
    """Wait until the server has logged ``text``."""
    await eventually(lambda: text in server.log)


async def test_restart_of_the_engines_in_mid_session_a_session_keeps_one_pipeline(
    data_dir: Path,
) -> None:
    async with served(data_dir, HABLA_TRANSCRIBER=SLOW) as server:
        async with visitor(server.socket_address) as guest:
            await guest.listen(say("hola mundo"))
            await guest.until("speech_started")
            await reload_engines(server)
            async with visitor(server.socket_address) as later:
                assert later.told("ready")[0]["generation"] == 2
            await guest.send_sound(silence(1))
            assert (await guest.until("translation"))["translated"] == "hello world"
            assert "generation 1 is unloaded" not in server.log
        await until_logged(server, "generation 1 is unloaded")
        assert "generation 2 is unloaded" not in server.log
    assert said(data_dir) == ["hola mundo"]
    assert generations(data_dir) == [1, 1, 2]


def generations(data_dir: Path) -> list[int]:
    """Return each session's generation, the warm-up's too."""
    with closing(sqlite3.connect(data_dir / "habla.sqlite3")) as database:
        found = database.execute(
            "select generation from sessions_app_translationsession order by started_at"
        ).fetchall()
    return [number for (number,) in found]


async def test_a_generation_that_does_not_load_leaves_the_old_one_serving(
    data_dir: Path, tmp_path: Path
) -> None:
    obstacle = tmp_path / "obstacle"
    fickle = json.dumps({"BACKEND": FICKLE, "OPTIONS": {"obstacle": str(obstacle)}})
    async with (
        served(data_dir, HABLA_TRANSCRIBER=fickle) as server,
        visitor(server.socket_address) as guest,
    ):
        obstacle.touch()
        server.signal(signal.SIGHUP)
        await server.until_said("could not be reloaded")
        async with visitor(server.socket_address) as later:
            assert later.told("ready")[0]["generation"] == 1
            await later.type_and_hear("hola")
        obstacle.unlink()
        await reload_engines(server)
        async with visitor(server.socket_address) as later:
            assert later.told("ready")[0]["generation"] == 2
        await guest.type_and_hear("gracias")
        await guest.leave()


async def test_five_restarts_at_once_under_load_lose_and_double_nothing(data_dir: Path) -> None:
    async def talk(number: int) -> None:
        async with visitor(server.socket_address) as guest:
            await guest.listen(b"")
            for _ in range(3):
                await guest.send_sound(say("hola") + silence(1))
                await guest.until("translation")
            assert guest.told("error") == []

    async with served(data_dir, HABLA_TRANSCRIBER=SLOW) as server:
        async with asyncio.TaskGroup() as crowd:
            for number in range(5):
                crowd.create_task(talk(number))
            for _ in range(5):
                server.signal(signal.SIGHUP)
                await asyncio.sleep(0.01)  # two signals in one instant are one
                crowd.create_task(talk(number))
        newest = (await status(server))["generation"]
        assert newest >= 2
        for number in range(1, newest):
            await until_logged(server, f"generation {number} is unloaded")
        assert f"generation {newest} is unloaded" not in server.log
    assert said(data_dir) == ["hola"] * 30
    assert reasons(data_dir) == ["client_left"] * 10


async def test_an_engine_that_never_finishes_is_cut_off_counted_and_named(data_dir: Path) -> None:
    stuck = json.dumps({"BACKEND": STUCK})
    async with served(
        data_dir,
        exit_code=3,
        ends_itself=True,
        HABLA_TRANSCRIBER=stuck,
        HABLA_DRAIN_SECONDS="1",
        HABLA_QUIT_SECONDS="1",
    ) as server:
        async with visitor(server.socket_address) as guest:
            await guest.listen(say("agua") + silence(1))
            await guest.until("speech_ended")
        await eventually(lambda: reasons(data_dir) == ["client_left_cut_off"])
        await alone(server)
        async with visitor(server.socket_address) as guest:
            await guest.listen(say("agua") + silence(1))
            await guest.until("speech_ended")
            server.signal()
            assert await guest.close_code() == 4012
        assert guest.told("closed")[0]["account"]["unfinished"] > 0
    assert reasons(data_dir) == ["client_left_cut_off", "server_quits_cut_off"]
    assert min(row.unfinished for row in rows(data_dir)[1:]) > 0
    assert "client_left_cut_off, unfinished sound was cut off" in server.log


async def test_five_restarts_in_one_tick_leave_each_session_its_engines(
    house: House, connect: Connect
) -> None:
    generations = house.registry.generations
    assert generations is not None
    async with connect() as browser, connect() as other:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("hola mundo"))
        await browser.until("speech_started")
        held = [session.generation for session in house.registry.sessions.values()]
        assert all(await asyncio.gather(*(house.registry.load() for _ in range(5))))
        assert [s.generation for s in house.registry.sessions.values()] == held
        assert generations.current is not None
        assert generations.current.number == 6
        await browser.send_sound(silence(1))
        assert (await browser.until("translation"))["translated"] == "hello world"
        await other.speak(say("agua"))
        async with connect() as later:
            await later.speak(say("gracias"))
    assert [one.leases for one in held if one is not None] == [0, 0]
    assert generations.current.leases == 0
    assert [row.generation async for row in TranslationSession.objects.order_by("pk")].count(1) == 2
    assert await Exchange.objects.acount() == 3
