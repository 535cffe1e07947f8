"""The console of a serving process: one command per line, on standard input."""

import asyncio
import logging
import os
from collections.abc import Callable, Mapping

logger = logging.getLogger(__name__)

LINE_BYTES = 1_000
"""A longer line, not counting its end, is not a command."""


class Console:
    """Runs the command that a line names. The end of input closes the console, not the server."""

    def __init__(
        self,
        commands: Mapping[str, Callable[[], None]],
        say: Callable[[str], None],
        *,
        former_names: Mapping[str, str],
    ) -> None:
        self._commands = commands
        self._former_names = former_names
        self._say = say
        self._rest = b""
        self._file: int | None = None

    def open(self, loop: asyncio.AbstractEventLoop, file: int) -> bool:
        """Start to read the file descriptor ``file``; return whether that is possible."""
        try:
            loop.add_reader(file, self._read, loop)
        except (OSError, ValueError):  # no event loop waits for a plain file or /dev/null (H27)
            return False
        self._file = file
        return True

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stop reading. May be called twice."""
        if self._file is not None:
            loop.remove_reader(self._file)
            self._file = None

    def execute(self, line: str) -> None:
        """Run the command that a line names; case and surrounding blanks are ignored."""
        word = line.strip().lower() if len(line) <= LINE_BYTES else line
        if name := self._former_names.get(word):
            self._say(f"{word} is now called {name}.")
            word = name
        if word in self._commands:
            self._commands[word]()
        elif word:
            self._say(f"Commands: {', '.join(self._commands)}.")

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._file is None:
            return
        try:
            data = os.read(self._file, 4096)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            logger.info("the console is closed; the server goes on")
            self.close(loop)
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[: LINE_BYTES + 1]  # enough to see that it is too long
        for line in lines:
            self.execute(line.decode(errors="replace"))
