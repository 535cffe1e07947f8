"""Management commands reach the running server, and report what really happened."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from sessions_app.management.operator_command import NOT_RUNNING
from sessions_app.server.control import short_path
from sessions_app.server.runfile import RunFile
from tests.server.running import ROOT, Running, environment, manage, running
from tests.server.visitor import Visitor, visitor
from tests.sounds import say, silence

SLOW = json.dumps({"BACKEND": "fake", "OPTIONS": {"delay_seconds": 0.3}})
SLOWER = json.dumps({"BACKEND": "fake", "OPTIONS": {"delay_seconds": 6}})
ENDLESS = json.dumps({"BACKEND": "fake", "OPTIONS": {"delay_seconds": 600}})
COMMANDS = ("status", "reload_engines", "reload_settings", "quit")


@asynccontextmanager
async def speaking(server: Running) -> AsyncIterator[Visitor]:
    """Yield a client that has just said a sentence, which is being transcribed."""
    async with visitor(server.socket_address) as guest:
        await guest.listen(say("hola mundo") + silence(1))
        await guest.until("speech_ended")
        yield guest


@pytest.mark.parametrize("command", COMMANDS)
async def test_where_none_runs_that_is_told(data_dir: Path, command: str) -> None:
    code, output = await manage(command, env=environment(data_dir))
    assert (code, "No server is running" in output) == (3, True)


async def test_what_a_killed_server_left_is_no_server(data_dir: Path) -> None:
    async with running(data_dir) as server:
        server.signal(signal.SIGKILL)
        await server.ended()
    for command in COMMANDS:
        code, output = await manage(command, env=environment(data_dir))
        assert (code, "No server is running" in output) == (3, True)
    async with running(data_dir) as server:
        assert (await manage("status", env=environment(data_dir)))[0] == 0
        server.signal()
        assert await server.ended() == 0


async def test_status_tells_people_and_programs(data_dir: Path) -> None:
    async with running(data_dir) as server:
        async with visitor(server.socket_address):
            code, text = await manage("status", env=environment(data_dir))
            assert code == 0
            assert f"Habla is serving at {server.address}" in text
            assert "1 live sessions" in text
            code, output = await manage("status", "--json", env=environment(data_dir))
        status = json.loads(output)
        assert (code, status["running"], status["pid"]) == (0, True, server.pid)
        assert (status["state"], status["generation"], status["live"]) == ("serving", 1, 1)
        server.signal()
        assert await server.ended() == 0


async def test_quit_waits_for_the_end_and_says_how_sessions_ended(data_dir: Path) -> None:
    async with running(data_dir, HABLA_TRANSCRIBER=SLOW) as server:
        async with speaking(server) as guest:
            code, output = await manage("quit", env=environment(data_dir))
            assert (await guest.until("closed"))["reason"] == "server_quits"
        assert code == 0
        assert "1 sessions finished, 0 were cut off." in output
        assert "Habla has ended." in output
        assert await server.ended() == 0


async def test_quit_tells_what_was_cut_off(data_dir: Path) -> None:
    async with running(data_dir, HABLA_TRANSCRIBER=ENDLESS, HABLA_QUIT_SECONDS="1") as server:
        async with speaking(server):
            code, output = await manage("quit", env=environment(data_dir))
        assert (code, "0 sessions finished, 1 were cut off." in output) == (0, True)
        assert await server.ended() == 3


async def test_a_quit_that_takes_longer_than_wanted_is_told_and_goes_on(data_dir: Path) -> None:
    async with running(data_dir, HABLA_TRANSCRIBER=ENDLESS, HABLA_QUIT_SECONDS="8") as server:
        async with speaking(server):
            code, output = await manage("quit", "--timeout", "0.5", env=environment(data_dir))
            assert (code, "has not ended within 0.5 s" in output) == (1, True)
            again, _ = await manage("quit", env=environment(data_dir))
        assert again in {0, NOT_RUNNING}  # the latter if this command starts too late
        assert await server.ended() == 3


async def test_three_quits_force_nothing(data_dir: Path) -> None:
    async with running(data_dir, HABLA_TRANSCRIBER=SLOWER) as server:
        async with visitor(server.socket_address) as guest:
            await guest.listen((say("hola") + silence(1)) * 2)
            await guest.until("transcript")
            ended = await asyncio.gather(
                *(manage("quit", env=environment(data_dir)) for _ in range(3))
            )
        codes = {code for code, _ in ended}
        assert 0 in codes <= {0, NOT_RUNNING}  # one that starts late may find no server
        assert await server.ended() == 0


async def test_reload_engines_loads_a_new_generation_under_live_sessions(data_dir: Path) -> None:
    async with running(data_dir) as server:
        async with visitor(server.socket_address) as guest:
            code, output = await manage("reload_engines", env=environment(data_dir))
            assert (code, "transcriber  fake" in output) == (0, True)
            assert (await guest.until("engines_changed"))["generation"] == 2
            await guest.type_and_hear("hola")
        server.signal()
        assert await server.ended() == 0


@pytest.mark.parametrize(
    ("former", "name", "told"),
    [
        ("restart", "reload_engines", "transcriber  fake"),
        ("reload", "reload_settings", "No setting has changed."),
    ],
)
async def test_a_former_name_does_the_same_and_tells_the_new_one(
    data_dir: Path, former: str, name: str, told: str
) -> None:
    async with running(data_dir) as server:
        path = os.path.relpath(data_dir / "run" / "control.sock")  # noqa: ASYNC240 -- names only
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(json.dumps({"do": former}).encode() + b"\n")
        answer = json.loads(await reader.read())
        writer.close()
        assert (answer["ok"], told in answer["message"]) == (True, True)
        code, output = await manage(former, env=environment(data_dir))
        assert (code, told in output) == (0, True)
        assert f"`manage.py {former}` is now called `manage.py {name}`." in output
        server.signal()
        assert await server.ended() == 0


async def test_settings_in_the_file_are_read_again(data_dir: Path) -> None:
    file = data_dir / "habla.env"
    file.write_text("HABLA_MAX_SESSIONS=1\n")
    env = environment(data_dir)
    async with running(data_dir) as server:
        async with visitor(server.socket_address):
            async with visitor(server.socket_address, is_ready=False) as refused:
                assert (await refused.until("error"))["code"] == "full"
            file.write_text("HABLA_MAX_SESSIONS=2\n")
            code, output = await manage("reload_settings", env=env)
            assert (code, "HABLA_MAX_SESSIONS is now 2" in output) == (0, True)
            async with visitor(server.socket_address) as second:
                await second.type_and_hear("hola")
            assert "No setting has changed" in (await manage("reload_settings", env=env))[1]
            file.write_text("HABLA_MAX_SESSIONS=many\n")
            code, output = await manage("reload_settings", env=env)
            assert (code, "HABLA_MAX_SESSIONS" in output) != (0, True)
        file.unlink()
        server.signal()
        assert await server.ended() == 0


async def test_the_environment_has_the_last_word(data_dir: Path) -> None:
    (data_dir / "habla.env").write_text("HABLA_MAX_SESSIONS=1\n")
    async with running(data_dir, HABLA_MAX_SESSIONS="2") as server:
        async with visitor(server.socket_address), visitor(server.socket_address) as second:
            await second.type_and_hear("hola")
        code, output = await manage("reload_settings", env=environment(data_dir))
        assert (code, "No setting has changed" in output) == (0, True)
        server.signal()
        assert await server.ended() == 0


async def test_the_socket_answers_noise_and_is_the_owners_alone(data_dir: Path) -> None:
    path = data_dir / "run" / "control.sock"
    short = os.path.relpath(path)  # noqa: ASYNC240 -- looks at names only
    async with running(data_dir) as server:
        assert path.stat().st_mode & 0o777 == 0o600
        for noise in (
            b"\n",
            b"[]\n",
            b'{"do": 7}\n',
            b"x" * 10_000 + b"\n",
            b'{"do": "nothing"}\n',
        ):
            reader, writer = await asyncio.open_unix_connection(short)
            writer.write(noise)
            answer = await reader.read()
            assert answer == b"" or json.loads(answer)["ok"] is False
            writer.close()
        assert (await manage("status", env=environment(data_dir)))[0] == 0
        server.signal()
        assert await server.ended() == 0
    assert not path.exists()


@pytest.mark.parametrize("milliseconds", [0, 100, 200, 400, 800])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_an_end_asked_for_while_it_starts_is_no_death_by_a_signal(
    data_dir: Path, milliseconds: int, number: signal.Signals
) -> None:
    # from the first line of manage.py on, since Python's own start comes before
    begun = 'import sys; sys.argv = ["manage.py", "serve", "--port", "0"]; import manage; '
    program = begun + 'print("begun", flush=True); manage.main()'
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program),
        cwd=ROOT,
        env=environment(data_dir),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"begun\n"
    await asyncio.sleep(0.02 + milliseconds / 1000)
    process.send_signal(number)
    async with asyncio.timeout(30):
        await process.communicate()
    assert process.returncode == 0


async def test_an_idiom_that_was_added_is_found_after_a_reload(data_dir: Path) -> None:
    async with running(data_dir) as server:
        async with visitor(server.socket_address) as guest:
            with closing(sqlite3.connect(data_dir / "habla.sqlite3", timeout=10)) as database:
                database.execute(
                    "insert into sessions_app_idiompattern (pattern, meaning, literal, region,"
                    " register, language, created_at) values"
                    " ('la casa roja', 'home', '', '', '', 'es', '2026-01-01')"
                )
                database.commit()
            code, output = await manage("reload_settings", env=environment(data_dir))
            assert (code, "1 idioms of your own" in output) == (0, True)
            await guest.say("text_input", text="la casa roja")
            (phrase,) = (await guest.until("translation"))["phrases"]
            assert (phrase["text"], phrase["meaning"]) == ("la casa roja", "home")
        server.signal()
        assert await server.ended() == 0


async def test_idioms_that_cannot_be_read_stay_as_they_were(data_dir: Path) -> None:
    async with running(data_dir, may_log=("Traceback",)) as server:
        with closing(sqlite3.connect(data_dir / "habla.sqlite3", timeout=10)) as database:
            database.execute("alter table sessions_app_idiompattern rename to gone")
            database.commit()
        code, output = await manage("reload_settings", env=environment(data_dir))
        assert (code, "The idioms stay as they were" in output) == (1, True)
        assert (await manage("status", env=environment(data_dir)))[0] == 0
        server.signal()
        assert await server.ended() == 0


@pytest.mark.parametrize("command", ["status", "reload_engines", "reload_settings"])
async def test_a_server_that_ends_before_it_has_answered_is_told_in_a_line(
    data_dir: Path, command: str
) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.close()

    run_dir = data_dir / "run"
    with RunFile(run_dir):
        with short_path(run_dir) as path:
            server = await asyncio.start_unix_server(hang_up, path)
        async with server:
            code, output = await manage(command, env=environment(data_dir))
    assert code == 1
    assert output == "CommandError: The server ended, or hung up, before it had answered.\n"
