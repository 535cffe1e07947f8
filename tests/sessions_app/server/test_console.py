"""The console: a command a line, and the end of input is no command."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessions_app.server.console import Console
from tests.house import eventually


class Desk:
    """A console with two commands, on a pipe."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.said: list[str] = []
        commands = {word: lambda word=word: self.done.append(word) for word in ("status", "quit")}
        self.console = Console(commands, self.said.append, former_names={"restart": "status"})
        self.output, self.input = os.pipe()
        os.set_blocking(self.output, False)

    def type(self, text: bytes) -> None:
        os.write(self.input, text)

    def hang_up(self) -> None:
        if self.input >= 0:
            os.close(self.input)
            self.input = -1


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.hang_up()
    os.close(desk.output)


async def test_commands_are_done_whatever_their_case_and_blanks(desk: Desk) -> None:
    loop = asyncio.get_running_loop()
    assert desk.console.open(loop, desk.output)
    desk.type(b"status\n  QUIT \r\n\n")
    await eventually(lambda: len(desk.done) == 2)
    desk.console.close(loop)
    assert (desk.done, desk.said) == (["status", "quit"], [])


async def test_a_former_name_goes_on_working_and_the_new_one_is_told(desk: Desk) -> None:
    loop = asyncio.get_running_loop()
    desk.console.open(loop, desk.output)
    desk.type(b" Restart\n")
    await eventually(lambda: desk.done == ["status"])
    desk.console.close(loop)
    assert desk.said == ["restart is now called status."]


async def test_a_line_may_come_in_pieces(desk: Desk) -> None:
    loop = asyncio.get_running_loop()
    desk.console.open(loop, desk.output)
    desk.type(b"sta")
    await asyncio.sleep(0)
    desk.type(b"tus\nqu")
    await eventually(lambda: desk.done == ["status"])
    desk.console.close(loop)


async def test_noise_is_answered_with_the_commands_there_are(desk: Desk) -> None:
    loop = asyncio.get_running_loop()
    desk.console.open(loop, desk.output)
    desk.type(b"\xff\xfe\n" + b"x" * 3_000 + b"\n")
    await eventually(lambda: len(desk.said) == 2)
    desk.console.close(loop)
    assert desk.said == ["Commands: status, quit."] * 2
    assert desk.done == []


async def test_the_end_of_input_closes_the_console_alone(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    loop = asyncio.get_running_loop()
    desk.console.open(loop, desk.output)
    desk.type(b"quit")
    desk.hang_up()
    await eventually(lambda: "the console is closed" in caplog.text)
    assert loop.remove_reader(desk.output) is False
    desk.console.close(loop)
    assert desk.done == []


async def test_a_plain_file_is_no_console(desk: Desk, tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    (tmp_path / "file").write_text("quit\n")
    files = [os.open(path, os.O_RDONLY) for path in (tmp_path / "file", os.devnull)]
    assert [desk.console.open(loop, file) for file in files] == [False, False]
    desk.console.close(loop)
    for file in files:
        os.close(file)
    assert desk.done == []
