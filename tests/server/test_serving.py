"""A real server process: its first line, its last message, and its exit code."""

import asyncio
import json
import signal
import socket
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.house import eventually
from tests.server.running import LAST_OF_ENGINES, environment, manage, running
from tests.server.visitor import status_of, visitor
from tests.sounds import say, silence

SLOW = json.dumps({"BACKEND": "fake", "OPTIONS": {"delay_seconds": 0.3}})
ENDLESS = json.dumps({"BACKEND": "fake", "OPTIONS": {"delay_seconds": 600}})


def rows(data_dir: Path) -> list[tuple[str, str, int]]:
    """Return state, reason and close_count of every session's row."""
    with closing(sqlite3.connect(data_dir / "habla.sqlite3")) as database:
        return database.execute(
            "select state, reason, close_count from sessions_app_translationsession"
            " order by started_at"
        ).fetchall()


def said(data_dir: Path) -> list[tuple[str, str]]:
    """Return source and translation of every exchange."""
    with closing(sqlite3.connect(data_dir / "habla.sqlite3")) as database:
        return database.execute(
            "select source, translated from sessions_app_exchange order by id"
        ).fetchall()


async def test_it_says_where_it_is_and_answers_there(data_dir: Path) -> None:
    async with running(data_dir) as server:
        for path in ("/", "/healthz", "/readyz", "/history/", "/api/status", "/api/docs"):
            assert (path, await status_of(server.address + path)) == (path, 200)
        assert await status_of(server.address + "/nowhere") == 404
        server.signal()
        assert await server.ended() == 0


async def test_a_sentence_is_spoken_translated_and_kept(data_dir: Path) -> None:
    async with running(data_dir) as server:
        async with visitor(server.socket_address) as guest:
            await guest.say("start_listening", encoding="pcm-s16le")
            await guest.send_sound(say("hola mundo") + silence(1))
            assert (await guest.until("translation"))["translated"] == "hello world"
        server.signal()
        assert await server.ended() == 0
    assert said(data_dir) == [("hola mundo", "hello world")]
    assert rows(data_dir) == [("closed", "client_left", 1)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_quitting_in_mid_sentence_finishes_it_first(
    data_dir: Path, number: signal.Signals
) -> None:
    async with (
        running(data_dir, HABLA_TRANSCRIBER=SLOW) as server,
        visitor(server.socket_address) as guest,
    ):
        await guest.say("start_listening", encoding="pcm-s16le")
        await guest.send_sound(say("hola mundo"))
        await guest.until("speech_started")
        server.signal(number)
        assert await guest.close_code() == 4012
        assert await server.ended() == 0
    kinds = [message["type"] for message in guest.heard if message["type"] != "partial"]
    assert kinds == [
        "ready",
        "listening_started",
        "speech_started",
        "going_away",
        "speech_ended",
        "transcript",
        "translation",
        "listening_stopped",
        "closed",
    ]
    assert guest.told("closed")[0]["reason"] == "server_quits"
    assert said(data_dir) == [("hola mundo", "hello world")]
    assert rows(data_dir) == [("closed", "server_quits", 1)]


async def test_work_that_takes_too_long_is_cut_off_and_the_exit_code_says_so(
    data_dir: Path,
) -> None:
    async with (
        running(data_dir, HABLA_TRANSCRIBER=ENDLESS, HABLA_QUIT_SECONDS="1") as server,
        visitor(server.socket_address) as guest,
    ):
        await guest.say("start_listening", encoding="pcm-s16le")
        await guest.send_sound(say("hola mundo") + silence(1))
        await guest.until("speech_ended")
        server.signal()
        assert await guest.close_code() == 4012
        assert await server.ended() == 3
    assert rows(data_dir) == [("closed", "server_quits_cut_off", 1)]


async def test_a_second_signal_skips_the_drain_but_not_the_clean_up(data_dir: Path) -> None:
    async with (
        running(data_dir, HABLA_TRANSCRIBER=ENDLESS, HABLA_DRAIN_SECONDS="60") as server,
        visitor(server.socket_address) as guest,
    ):
        await guest.say("start_listening", encoding="pcm-s16le")
        await guest.send_sound(say("hola mundo") + silence(1))
        await guest.until("speech_ended")
        server.signal()
        await guest.until("going_away")
        server.signal()
        assert await guest.close_code() == 4012
        assert await server.ended() == 3
    assert rows(data_dir) == [("closed", "server_quits_cut_off", 1)]


async def test_a_signal_right_after_many_handshakes_still_closes_every_row(
    data_dir: Path,
) -> None:
    async with running(data_dir) as server:
        async with asyncio.TaskGroup() as guests:
            for _ in range(10):
                guests.create_task(come_and_stay(server.socket_address))
            async with visitor(server.socket_address):
                server.signal()
        assert await server.ended() == 0
    assert {row[0] for row in rows(data_dir)} == {"closed"}
    assert {row[2] for row in rows(data_dir)} == {1}


async def come_and_stay(address: str) -> None:
    with suppress(ConnectionClosed, InvalidHandshake, OSError, EOFError):  # it came too late
        async with visitor(address) as guest:
            await guest.close_code()


async def test_a_second_server_on_one_data_directory_says_who_runs(data_dir: Path) -> None:
    async with running(data_dir) as server:
        code, output = await manage("serve", "--port=0", env=environment(data_dir))
        assert code == 2
        assert "Habla already runs on this data directory (process " in output
        assert server.address in output
        assert await status_of(server.address + "/healthz") == 200


async def test_a_port_that_is_taken_is_told(data_dir: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        code, output = await manage("serve", f"--port={port}", env=environment(data_dir))
    assert code == 2
    assert f"Cannot listen on http://127.0.0.1:{port}" in output
    assert "Habla is ready" not in output
    assert "Traceback" not in output


async def test_a_database_that_is_not_up_to_date_is_told(tmp_path: Path) -> None:
    code, output = await manage("serve", "--port=0", env=environment(tmp_path))
    assert code == 2
    assert "run `manage.py migrate` first" in output
    assert "Traceback" not in output


async def test_a_wrong_engine_is_told_before_anything_listens(data_dir: Path) -> None:
    wrong = environment(data_dir, HABLA_TRANSCRIBER="faster-wisper")
    code, output = await manage("serve", "--port=0", env=wrong)
    assert code == 2
    assert "HABLA_TRANSCRIBER names no engine: 'faster-wisper'" in output
    assert "Did you mean faster-whisper?" in output
    assert "Habla is ready" not in output


async def test_the_console_takes_commands_and_quits(data_dir: Path) -> None:
    async with running(data_dir, has_console=True) as server:
        await server.type("noise\n")
        await server.until_said("Commands: ")
        await server.type("status\n")
        await server.until_said('"state": "serving"')
        await server.type("reload_engines\n")
        await server.until_said(LAST_OF_ENGINES)
        await server.type("  QUIT \n")
        assert await server.ended() == 0
    assert "generation 2 serves" in server.log


async def test_sighup_reloads_the_engines(data_dir: Path) -> None:
    async with running(data_dir) as server, visitor(server.socket_address) as guest:
        server.signal(signal.SIGHUP)
        await server.until_said(LAST_OF_ENGINES)
        assert (await guest.until("engines_changed"))["generation"] == 2
        await guest.say("text_input", text="hola")
        assert (await guest.until("translation"))["translated"] == "hello"
        async with visitor(server.socket_address) as later:
            assert later.told("ready")[0]["generation"] == 2


async def test_the_end_of_standard_input_is_not_quit(data_dir: Path) -> None:
    async with running(data_dir, has_console=True) as server:
        server.end_input()
        assert await status_of(server.address + "/healthz") == 200
        server.signal()
        assert await server.ended() == 0
    assert "the console is closed; the server goes on" in server.log


async def test_a_console_without_any_standard_input_does_no_harm(data_dir: Path) -> None:
    async with running(data_dir, has_console=True, has_input=False) as server:
        assert await status_of(server.address + "/healthz") == 200
        server.signal()
        assert await server.ended() == 0


async def test_rows_of_a_server_that_was_killed_are_found_lost(data_dir: Path) -> None:
    async with running(data_dir) as server, visitor(server.socket_address) as guest:
        await guest.say("text_input", text="hola mundo")
        await guest.until("translation")
        await server.kill()
    assert rows(data_dir) == [("open", "", 0)]
    async with running(data_dir):
        await eventually(lambda: rows(data_dir) == [("lost", "server_lost", 1)])
    assert said(data_dir) == [("hola mundo", "hello world")]


async def test_it_serves_again_where_it_was_killed(data_dir: Path) -> None:
    for _ in range(2):
        async with running(data_dir) as server:
            assert await status_of(server.address + "/readyz") == 200
            await server.kill()
