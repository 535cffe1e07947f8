"""The console of a real server: what is typed, input that is no console, and Ctrl+C."""

import asyncio
import os
import shutil
import signal
from pathlib import Path

import pytest

from sessions_app.core.audio import to_samples
from sessions_app.engines.translation.apertium_modes import installed_modes
from tests.engines.processes import children_of
from tests.engines.spoken import read_pcm, spoken_file
from tests.house import eventually
from tests.lifecycle.invariants import reasons, said, served
from tests.lifecycle.shutdown_tools import (
    Another,
    another,
    at_terminal,
    fake,
    is_running,
    speak,
    terminal,
)
from tests.server.running import Running, running
from tests.server.visitor import status_of, visitor
from tests.tiny.whisper import make_whisper, transcriber

__all__ = ["another"]

needs_terminal = pytest.mark.skipif(
    shutil.which("setsid") is None, reason="setsid (util-linux) is not installed"
)
CTRL_C = b"\x03"
CTRL_D = b"\x04"


async def test_noise_and_very_long_lines_are_no_commands(data_dir: Path) -> None:
    async with running(data_dir, has_console=True) as server:
        for noise in ("\x00\x07\x1b[A\x7f", "x" * 200_000, " " * 100_000 + "quit", "quit now"):
            await server.type(noise + "\n")
            await server.until_said(
                "Commands: status, reload_engines, reload_settings, account_link, help, quit."
            )
        await server.type("\n\t\n QU")
        await server.type("IT \r\n")
        assert await server.ended() == 0


async def test_quit_typed_twice_is_meant_once(data_dir: Path) -> None:
    slow = fake(delay_seconds=0.5)
    async with served(
        data_dir, ends_itself=True, has_console=True, HABLA_TRANSCRIBER=slow
    ) as server:
        async with visitor(server.socket_address) as guest:
            await speak(guest, "hola mundo", "gracias")
            for _ in range(2):
                await guest.until("speech_ended")
            await server.type("quit\nquit\nquit\n")
            await server.until_said("Habla is quitting already")
            await server.type("reload_engines\n")
            assert await guest.close_code() == 4012
        assert len(guest.told("translation")) == 2
    assert said(data_dir) == ["hola mundo", "gracias"]
    assert reasons(data_dir) == ["server_quits"]


async def test_what_is_no_console_is_gone_without(another: Another, tmp_path: Path) -> None:
    async def serve(name: str, stdin: int | None = None, *through: str) -> None:
        async with running(another(name), has_console=True, stdin=stdin, through=through) as server:
            await goes_on(server)

    (tmp_path / "orders").write_text("quit\n")
    files = [os.open(path, os.O_RDONLY) for path in (tmp_path / "orders", os.devnull)]
    closed = ("sh", "-c", 'exec "$@" <&-', "sh")
    try:
        await asyncio.gather(
            serve("file", files[0]), serve("null", files[1]), serve("closed", None, *closed)
        )
    finally:
        for file in files:
            os.close(file)


async def goes_on(server: Running) -> None:
    """Fail unless the server serves, and ends when it is told to."""
    assert await status_of(server.address + "/readyz") == 200
    server.signal()
    assert await server.ended() == 0


async def test_half_a_command_at_the_end_of_input_is_none(data_dir: Path) -> None:
    async with running(data_dir, has_console=True) as server:
        await server.type("quit")
        server.end_input()
        await eventually(lambda: "the console is closed" in server.log)
        await goes_on(server)


async def test_who_read_its_output_may_go(data_dir: Path) -> None:
    first_line_only = ("sh", "-c", '"$@" | head -n 1; exit', "sh")
    async with running(
        data_dir, has_console=True, has_engines=False, through=first_line_only
    ) as shell:
        served_by = min(children_of(shell.pid))
        await shell.type("status\nnoise\nquit\n")
        await eventually(lambda: not is_running(served_by))
        assert "database closed" in shell.log


# --- at a terminal


@needs_terminal
async def test_at_a_terminal_commands_are_taken_unasked(data_dir: Path) -> None:
    async with at_terminal(data_dir) as (server, keyboard):
        os.write(keyboard, b"status\n")
        await server.until_said('"state": "serving"')
        os.write(keyboard, b" Quit \n")
        assert await server.ended() == 0


@needs_terminal
async def test_ctrl_d_ends_the_console_and_ctrl_c_the_server(data_dir: Path) -> None:
    async with at_terminal(data_dir) as (server, keyboard):
        os.write(keyboard, CTRL_D)
        await eventually(lambda: "the console is closed" in server.log)
        assert await status_of(server.address + "/healthz") == 200
        os.write(keyboard, CTRL_C)
        assert await server.ended() == 0


@needs_terminal
@pytest.mark.skipif(not installed_modes(), reason="apertium-eng-spa is not installed")
async def test_ctrl_c_leaves_the_engines_processes_to_finish_the_sentence(
    data_dir: Path, tmp_path: Path
) -> None:
    """The terminal sends the signal to the whole foreground process group."""
    whisper = make_whisper(tmp_path / "whisper", "The house is red.", "en")
    real = {
        "HABLA_TRANSCRIBER": transcriber(whisper),
        "HABLA_TRANSLATOR": "apertium",
        "HABLA_DETECTOR": "silero",
    }
    async with at_terminal(data_dir, **real) as (server, keyboard):
        helpers = set(children_of(server.pid))
        assert len(helpers) > 2
        async with visitor(server.socket_address + "?direction=en_to_es") as guest:
            await guest.say("start_listening", encoding="pcm-s16le")
            await guest.send_sound(read_pcm(spoken_file(tmp_path))[: 2 * to_samples(5)])
            await guest.until("speech_started")
            os.write(keyboard, CTRL_C)
            await guest.until("going_away")
            assert {pid for pid in helpers if is_running(pid)} == helpers
            assert await guest.close_code() == 4012
        assert len(guest.told("translation")) == len(guest.told("transcript")) > 0
        assert {message["engine"] for message in guest.told("translation")} == {"apertium"}
        assert await server.ended() == 0
        assert {pid for pid in helpers if is_running(pid)} == set()


@needs_terminal
async def test_a_terminal_that_goes_away_takes_the_console_and_not_the_server(
    data_dir: Path,
) -> None:
    through = ("setsid", "--ctty")
    keyboard, reading = os.openpty()
    async with running(data_dir, has_console=None, stdin=reading, through=through) as server:
        os.close(reading)
        os.close(keyboard)  # the terminal reports that by SIGHUP, which means reload_engines
        await eventually(lambda: "the console is closed" in server.log)
        await eventually(lambda: "generation 2 serves" in server.log)
        server.signal(signal.SIGTERM)
        assert await server.ended() == 0


@needs_terminal
async def test_in_the_background_of_a_terminal_it_is_not_stopped_by_what_is_typed(
    data_dir: Path,
) -> None:
    in_background = ("setsid", "--ctty", "sh", "-mc", '"$@" & wait', "sh")
    with terminal() as (keyboard, reading):
        async with running(
            data_dir, has_console=None, stdin=reading, through=in_background
        ) as shell:
            (server,) = children_of(shell.pid)
            os.write(keyboard, b"status\n")  # for the shell: another reader is stopped
            try:
                await eventually(lambda: "the console is closed" in shell.log)
                assert await status_of(shell.address + "/healthz") == 200
            finally:
                for number in (signal.SIGCONT, signal.SIGTERM):
                    os.kill(server, number)
            assert await shell.ended() == 0
