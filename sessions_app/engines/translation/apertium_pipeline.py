"""One direction of Apertium: a mode's programs joined by pipes, kept running and restarted.

The ``apertium`` wrapper cannot be used: its gawk stages (3.8.3) hold back the last record until
more input comes. Each request ends in a blank with a serial number, ``[7]``, which every stage
copies. An answer without it comes from a broken pipeline: a dead stage makes the others flush an
empty record that is otherwise well-formed.
"""

import asyncio
import logging
import os
import shutil
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import ExitStack, suppress

from sessions_app.engines.translation.apertium_modes import Command

logger = logging.getLogger(__name__)

MAX_RECORD_BYTES = 4 * 1024 * 1024
_END = b"\0"


class ApertiumPipeline:
    """Processes joined by pipes, in a process group of their own."""

    def __init__(self, commands: Sequence[Command]) -> None:
        self._commands = commands
        self._processes: list[Process] = []
        self._serial = 0
        self._is_killed = False

    @property
    def is_alive(self) -> bool:
        """Return whether no stage is known to have ended."""
        return all(process.returncode is None for process in self._processes)

    async def start(self) -> None:
        """Start the programs, each reading what the one before writes.

        Must run on a thread that lives as long as the owner: the kernel kills the processes when it
        ends (PDEATHSIG), even after ``kill -9``.

        Raises:
            BrokenPipeError: it was killed meanwhile.
            OSError: a program is not there, or the system has no room for it.
        """
        with ExitStack() as ours:
            pipes = [_open_pipe(ours) for _ in self._commands[1:]]
            sources = [PIPE, *(reading for reading, _ in pipes)]
            sinks = [*(writing for _, writing in pipes), PIPE]
            for command, source, sink in zip(self._commands, sources, sinks, strict=True):
                group = self._processes[0].pid if self._processes else 0
                self._processes.append(await _spawn(command, source, sink, group))
                if self._is_killed:
                    self.kill()
                    raise BrokenPipeError("The pipeline was ended while it started.")

    async def ask(self, text: str) -> str:
        """Return the pipeline's output for ``text`` (escaped, without NUL).

        Raises:
            BrokenPipeError: a stage died; only ``kill`` may follow.
        """
        self._serial += 1
        blank = f"[{self._serial}]"
        try:
            record = await self._exchange(f"{text}{blank}".encode() + _END)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise BrokenPipeError("A stage of Apertium's pipeline died.") from error
        answer, found, _ = record.decode("utf-8", "replace").rpartition(blank)
        if not found:
            raise BrokenPipeError("A stage of Apertium's pipeline died and left an empty record.")
        return answer

    async def _exchange(self, record: bytes) -> bytes:
        stdin, stdout = self._processes[0].stdin, self._processes[-1].stdout
        if stdin is None or stdout is None:
            raise BrokenPipeError("The pipeline has no ends.")
        stdin.write(record)
        await stdin.drain()
        return await stdout.readuntil(_END)

    def kill(self) -> None:
        """Kill every process; ``wait`` waits for that. May be called twice."""
        self._is_killed = True
        if not self._processes:
            return
        first = self._processes[0]
        if any(process.returncode is None for process in self._processes):
            # the whole group in one call: Process.kill() would race its own watcher for dead ones
            with suppress(ProcessLookupError):
                os.killpg(first.pid, signal.SIGKILL)
        if first.stdin is not None:
            first.stdin.close()

    async def wait(self) -> None:
        """Return once every process has ended and is reaped."""
        await asyncio.gather(*(process.wait() for process in self._processes))


def _open_pipe(owner: ExitStack) -> tuple[int, int]:
    reading, writing = os.pipe()
    owner.callback(os.close, reading)
    owner.callback(os.close, writing)
    return reading, writing


async def _spawn(command: Command, source: int, sink: int, group: int) -> Process:
    return await asyncio.create_subprocess_exec(
        *_bound_to_owner(command),
        stdin=source,
        stdout=sink,
        stderr=DEVNULL,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        limit=MAX_RECORD_BYTES,
        process_group=group,
    )


def _bound_to_owner(command: Command) -> Command:
    # util-linux's setpriv sets PDEATHSIG and then becomes the program; a preexec_fn would run
    # Python in a forked process of many threads. Without setpriv, the end of stdin must do.
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", *command] if setpriv else command


class PipelineKeeper:
    """Keeps the pipeline of one direction running: one request at a time, restarted when broken."""

    def __init__(self, commands: Sequence[Command], *, close_seconds: float = 3.0) -> None:
        self._commands = commands
        self._close_seconds = close_seconds
        self._lock = asyncio.Lock()
        self._pipeline: ApertiumPipeline | None = None
        self._ended: list[ApertiumPipeline] = []
        self._is_closed = False

    async def ask(self, text: str, *, seconds: float | None = None) -> str:
        """Return the pipeline's output for ``text``; if it breaks it is restarted, and asked again.

        ``seconds`` is how long that may take, once its turn has come; None: no limit.

        A cancelled call kills the pipeline: its answer would be taken for the next one's.

        Raises:
            TimeoutError: it took longer than ``seconds``.
            BrokenPipeError: it broke twice over this text, or was closed.
            OSError: it could not be started.
        """
        async with self._lock, asyncio.timeout(seconds):
            with suppress(BrokenPipeError):
                return await self._ask_once(text)
            logger.warning("Apertium's pipeline broke and is started again")
            return await self._ask_once(text)

    async def _ask_once(self, text: str) -> str:
        is_answered = False
        try:
            pipeline = await self._running()
            answer = await pipeline.ask(text)
            is_answered = True
        finally:
            if not is_answered:
                self._drop()
        return answer

    async def _running(self) -> ApertiumPipeline:
        if self._is_closed:
            raise BrokenPipeError("The pipeline is closed.")
        if self._pipeline is not None and not self._pipeline.is_alive:
            self._drop()
        if self._pipeline is None:
            self._ended = [pipeline for pipeline in self._ended if pipeline.is_alive]
            self._pipeline = ApertiumPipeline(self._commands)
            await self._pipeline.start()
        return self._pipeline

    def _drop(self) -> None:
        if self._pipeline is not None:
            self._pipeline.kill()
            self._ended.append(self._pipeline)
            self._pipeline = None

    async def aclose(self) -> None:
        """End the processes and wait until they are gone. May be called twice."""
        self._is_closed = True
        self._drop()
        try:
            async with asyncio.timeout(self._close_seconds), self._lock:
                await asyncio.gather(*(pipeline.wait() for pipeline in self._ended))
        except TimeoutError:
            logger.warning("a process of Apertium did not end within %s s", self._close_seconds)
