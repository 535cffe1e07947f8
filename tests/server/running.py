"""A real `manage.py serve` in a process of its own, that never outlives its test."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FAKES = {
    "HABLA_TRANSCRIBER": "fake",
    "HABLA_TRANSLATOR": "fake",
    "HABLA_DETECTOR": "fake",
    "HABLA_REHEARSAL_SECONDS": "0",  # slow fake engines have nothing else to do
}
READY = "Habla is ready: "
LAST_OF_ENGINES = "detector     "
"""How the last line about the engines begins."""
START_SECONDS = 55.0
"""On a busy machine; on an idle one it takes a second or two."""
END_SECONDS = 40.0
NEVER_LOGGED = ("Traceback", "never awaited", "was destroyed", "never retrieved")


def environment(data_dir: Path, **choices: str) -> dict[str, str]:
    """Return the environment of a process with ``data_dir`` and fake engines."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HABLA_")}
    return {**kept, **FAKES, "HABLA_DATA_DIR": str(data_dir), **choices}


async def manage(
    *arguments: str, env: Mapping[str, str], limit: float = 60, through: Sequence[str] = ()
) -> tuple[int, str]:
    """Run a management command; return its exit code and everything that it printed.

    ``through``: the program and arguments that start it, and become it. ``port`` 0: a free one.
    """
    process = await asyncio.create_subprocess_exec(
        *through,
        sys.executable,
        "manage.py",
        *arguments,
        cwd=ROOT,
        env=env,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=STDOUT,
    )
    try:
        async with asyncio.timeout(limit):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, output.decode()


class Running:
    """One serving process."""

    def __init__(self, process: asyncio.subprocess.Process, log_path: Path) -> None:
        self._process = process
        self._log_path = log_path
        self.said: list[str] = []
        """The lines of its standard output so far."""

    @property
    def pid(self) -> int:
        """Return the process's id."""
        return self._process.pid

    @property
    def address(self) -> str:
        """Return where it listens: ``http://127.0.0.1:43210``."""
        return next(line.removeprefix(READY) for line in self.said if line.startswith(READY))

    @property
    def boot(self) -> str:
        """Return the name of this run in the rows that it writes."""
        facts = json.loads((self._log_path.parent / "run" / "serve.json").read_text())
        return str(facts["boot"])

    @property
    def socket_address(self) -> str:
        """Return the WebSocket's address."""
        return f"{self.address.replace('http', 'ws')}/ws/session/"

    @property
    def key(self) -> str:
        """Return the owner's key of its data directory."""
        return (self._log_path.parent / "owner_key").read_text()

    @property
    def log(self) -> str:
        """Return what it has logged so far."""
        return self._log_path.read_text()

    async def until_said(self, text: str) -> str:
        """Return the next line of its standard output that holds ``text``."""
        if self._process.stdout is None:
            raise RuntimeError("the server has no standard output")
        async with asyncio.timeout(START_SECONDS):
            while line := (await self._process.stdout.readline()).decode().rstrip():
                self.said.append(line)
                if text in line:
                    return line
        raise AssertionError(f"never said {text!r}: {self.said} {self.log}")

    async def type(self, line: str) -> None:
        """Type a line into its console."""
        if self._process.stdin is None:
            raise RuntimeError("the server has no console")
        self._process.stdin.write(line.encode())
        await self._process.stdin.drain()

    def end_input(self) -> None:
        """Close its standard input, as Ctrl+D does."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def signal(self, number: int = signal.SIGTERM) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    async def ended(self) -> int:
        """Wait for its end; return its exit code."""
        async with asyncio.timeout(END_SECONDS):
            rest, _ = await self._process.communicate()
        self.said += rest.decode().splitlines()
        return self._process.returncode or 0

    async def kill(self) -> None:
        """Kill it, as by a power cut."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.communicate()


@asynccontextmanager
async def running(
    data_dir: Path,
    *,
    has_console: bool | None = False,
    has_input: bool = True,
    has_engines: bool = True,
    may_log: Collection[str] = (),
    stdin: int | None = None,
    through: Sequence[str] = (),
    port: int = 0,
    log_dir: Path | None = None,
    options: Sequence[str] = (),
    **choices: str,
) -> AsyncIterator[Running]:
    """Serve ``data_dir``; wait until it is ready; kill it if it is left running.

    ``has_console``: None leaves that to the server. ``has_engines``: wait for them too.
    ``may_log``: what of NEVER_LOGGED is expected this time. ``stdin``: a file that it reads.
    ``through``: the program and arguments that start it, and become it. ``port`` 0: a free one.
    ``log_dir``: where it logs; None: in ``data_dir``. ``options``: more of `serve`.
    """
    console = {None: [], True: ["--console"], False: ["--no-console"]}[has_console]
    log_path = (log_dir or data_dir) / "serve.log"
    with log_path.open("a") as log:
        process = await asyncio.create_subprocess_exec(
            *through,
            sys.executable,
            "manage.py",
            "serve",
            f"--port={port}",
            *console,
            *options,
            cwd=ROOT,
            env=environment(data_dir, **choices),
            stdin=stdin or (PIPE if has_console and has_input else DEVNULL),
            stdout=PIPE,
            stderr=log,
        )
    server = Running(process, log_path)
    try:
        await server.until_said(READY)
        if has_engines:
            await server.until_said(LAST_OF_ENGINES)
        yield server
    finally:
        await server.kill()
    logged = {text for text in NEVER_LOGGED if text in server.log}
    assert logged - set(may_log) == set()
