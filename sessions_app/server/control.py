"""The control socket: how commands on this machine reach the serving process."""

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

Answer = AsyncIterator[Mapping[str, Any]]
NAME = "control.sock"
LINE_BYTES = 4_096
"""How long a question may be."""
READ_SECONDS = 5.0
"""How long a connection may take to send its question."""


class Control:
    """Answers questions, one JSON object per line: one in, one or more out.

    The socket lies in the run directory, which only the owner can open.
    """

    def __init__(
        self, commands: Mapping[str, Callable[[], Answer]], *, former_names: Mapping[str, str]
    ) -> None:
        self._commands = commands
        self._former_names = former_names
        self._server: asyncio.Server | None = None
        self._place: tuple[int, int] | None = None
        """Device and inode of the socket."""

    async def open(self, directory: Path) -> None:
        """Listen, or listen again; the socket that a killed server left is removed.

        Only the process that holds the run file may call it.
        """
        if self._server is not None:
            self._server.close()
        with suppress(FileNotFoundError):
            (directory / NAME).unlink()
        with short_path(directory) as path:
            self._server = await asyncio.start_unix_server(
                self._answer, path=path, limit=LINE_BYTES
            )
        (directory / NAME).chmod(0o600)
        self._place = _place(directory)

    def is_reachable(self, directory: Path) -> bool:
        """Return whether the socket in ``directory`` is still the one of this process."""
        try:
            return self._place == _place(directory)
        except FileNotFoundError:
            return False

    async def close(self, directory: Path) -> None:
        """Accept no more questions; answers that have begun go on. May be called twice.

        Raises:
            OSError: the socket's file could not be removed.
        """
        if self._server is not None:
            self._server.close()
            self._server = None
            with suppress(FileNotFoundError):
                (directory / NAME).unlink()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):  # the client has gone
            try:
                async for answer in self._execute(await _question(reader)):
                    writer.write(json.dumps(answer, default=str).encode() + b"\n")
                    await writer.drain()
            finally:
                writer.close()

    async def _execute(self, word: str) -> Answer:
        command = self._commands.get(self._former_names.get(word, word))
        if command is None:
            yield {"ok": False, "message": f"Commands: {', '.join(self._commands)}."}
            return
        logger.info("asked to %s by a command", word)
        async for answer in command():
            yield answer


class short_path:  # noqa: N801 -- used as `with short_path(directory) as path`
    """A path to the socket that fits into the kernel's 108 bytes, however long the real one is."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file = -1

    def __enter__(self) -> str:
        """Return the path, valid until exit."""
        self._file = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        return f"/proc/self/fd/{self._file}/{NAME}"

    def __exit__(self, *_: object) -> None:
        """Close the directory."""
        os.close(self._file)


def _place(directory: Path) -> tuple[int, int]:
    found = (directory / NAME).stat()
    return found.st_dev, found.st_ino


async def _question(reader: asyncio.StreamReader) -> str:
    try:
        async with asyncio.timeout(READ_SECONDS):
            asked = json.loads(await reader.readline())
    except (TimeoutError, ValueError, asyncio.LimitOverrunError):
        return ""
    word = asked.get("do") if isinstance(asked, dict) else None
    return word if isinstance(word, str) else ""
