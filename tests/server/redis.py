"""A real Redis, in a directory of its own and on a free port, for one test."""

import asyncio
import shutil
import socket
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

PROGRAM = shutil.which("redis-server")
START_SECONDS = 20.0


class Redis:
    """One Redis. ``stop`` ends it like a crash; ``start`` starts it again, without its data."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._port = _free_port()
        self._process: Process | None = None

    @property
    def url(self) -> str:
        """Return its REDIS_URL."""
        return f"redis://127.0.0.1:{self._port}/0"

    async def start(self) -> None:
        """Start it; return when it answers."""
        options = ["--port", str(self._port), "--bind", "127.0.0.1", "--save", ""]
        self._process = await asyncio.create_subprocess_exec(
            str(PROGRAM),
            *options,
            "--dir",
            str(self._directory),
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=DEVNULL,
        )
        async with asyncio.timeout(START_SECONDS):
            while not await self._answers():
                assert self._process.returncode is None

    async def stop(self) -> None:
        """End it at once. May be called twice."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            await process.wait()

    async def _answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            await asyncio.sleep(0.02)
            return False
        writer.write(b"PING\r\n")
        answer = await reader.readline()
        writer.close()
        return answer == b"+PONG\r\n"


@asynccontextmanager
async def redis(directory: Path) -> AsyncIterator[Redis]:
    """Run a Redis inside this context."""
    server = Redis(directory)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
