"""LM Studio's processes, seen from Habla: all that ``lms`` starts here, under one supervisor.

No process is killed by a remembered pid: the supervisor ends its own children, whose pids cannot be
reused before it has reaped them, and ``sweep`` kills what has the mark in its environment.
"""

import asyncio
import json
import os
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from pathlib import Path

from sessions_app.engines.lmstudio import supervisor

MARK = "HABLA_LMSTUDIO_OF"
"""In the environment of all that is started: its owner, in case nobody is left who knows."""
END_SECONDS = supervisor.GRACE_SECONDS + 0.5
"""How long the end of all processes may take."""
SWEEP_SECONDS = 1.0
POLL_SECONDS = 0.02


class ProcessLostError(Exception):
    """The supervisor is gone, or was told to end."""


class LmsProcesses:
    """What ``executable`` starts, until ``end``. ``owner`` marks it as started here."""

    def __init__(self, executable: str, owner: str) -> None:
        self._executable = executable
        self._owner = owner
        self._process: Process | None = None
        self._is_ended = False
        self.has_daemon = False
        """Whether a daemon was started here; otherwise ``lms`` used one that was there."""

    @property
    def is_alive(self) -> bool:
        """Return whether the supervisor takes orders."""
        process = self._process
        return process is not None and process.returncode is None and not self._is_ended

    async def start(self) -> None:
        """Start the supervisor, which is ready at once.

        Raises:
            ProcessLostError: it was told to end meanwhile.
            OSError: the system has no room for it.
        """
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", supervisor.__file__),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env={**os.environ, MARK: self._owner},
            start_new_session=True,
        )
        if self._is_ended:
            self.end()
            raise ProcessLostError

    async def run(self, *arguments: str, seconds: float) -> int | None:
        """Run ``lms`` with ``arguments``; return its exit code; None: it did not start or end.

        Cancelling the call ends all processes.

        Raises:
            ProcessLostError: the supervisor is gone.
        """
        is_answered = False
        order = {"run": [self._executable, *arguments], "seconds": seconds}
        try:
            answer = json.loads(await self._exchange(json.dumps(order).encode() + b"\n"))
            is_answered = True
        except (OSError, ValueError) as error:
            raise ProcessLostError from error
        finally:
            if not is_answered:
                self.end()
        self.has_daemon = answer["children"] > 0
        code: int | None = answer["code"]
        return code

    async def _exchange(self, order: bytes) -> bytes:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None or self._is_ended:
            raise BrokenPipeError
        process.stdin.write(order)
        await process.stdin.drain()
        return await process.stdout.readline()  # empty, so no JSON, when it is gone

    def end(self) -> None:
        """Begin to end everything; ``wait`` waits for it. May be called twice, and at any time."""
        self._is_ended = True
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    async def wait(self) -> bool:
        """Return whether nothing of it is left, after ``end``."""
        process = self._process
        if process is None:
            return True
        with suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                if process.stdout is not None:
                    await process.stdout.read()  # to the end: an open pipe outlives the loop
                # exit code 0 says that no child was left
                if await process.wait() == 0:
                    return True
        with suppress(ProcessLookupError):
            process.kill()
        is_clean = await sweep(self._owner)
        await process.wait()
        return is_clean


async def sweep(owner: str) -> bool:
    """Kill what was started for ``owner`` and has no supervisor; return whether all is gone."""
    return await asyncio.to_thread(_sweep, owner)


def _sweep(owner: str) -> bool:
    deadline = time.monotonic() + SWEEP_SECONDS
    mark = f"{MARK}={owner}".encode()
    while left := [pid for pid in _own_processes() if _is_marked(pid, mark)]:
        for pid in left:
            _kill(pid, mark)
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _own_processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _is_marked(pid: int, mark: bytes) -> bool:
    try:  # another user's cannot be read, a zombie's is empty
        return mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _kill(pid: int, mark: bytes) -> None:
    with suppress(OSError):
        descriptor = os.pidfd_open(pid)
        try:
            if _is_marked(pid, mark):  # checked again: its pid cannot be reused from here on
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        finally:
            os.close(descriptor)
