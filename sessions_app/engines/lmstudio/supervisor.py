"""The process between Habla and LM Studio: runs ``lms``, adopts what that starts, ends it all.

``lms daemon up`` leaves behind a daemon that has left its parent, its session and its process
group. The kernel gives such orphans to this process (PR_SET_CHILD_SUBREAPER), so that none escapes.
It ends when its standard input does, which happens however Habla ends: everything below it is then
asked to end, killed after GRACE_SECONDS, and reaped.

It is started by its path and uses only the standard library: no setting of Habla's reaches what it
runs. An order is a line of JSON, ``{"run": [...], "seconds": 30}``; so is the answer, ``{"code": 0,
"children": 1}``, where a code of null means that it did not start or did not end.
"""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

PR_SET_CHILD_SUBREAPER = 36
GRACE_SECONDS = 1.5
"""How long processes may take to end by themselves."""
LOOK_SECONDS = 0.05


class OwnerGoneError(Exception):
    """Standard input has ended: Habla asked for the end, or has ended itself."""


class Supervisor:
    """Takes orders from ``source``, a file descriptor, until it ends."""

    def __init__(self, source: int) -> None:
        self._source = source
        self._rest = b""
        # written to by the interpreter whenever a child ends
        self._wake, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)

    def execute_orders(self) -> None:
        """Carry out the orders, one after the other.

        Raises:
            OwnerGoneError: there will be no more orders.
        """
        while True:
            while b"\n" not in self._rest:
                self._wait(None)
                reap()
            line, _, self._rest = self._rest.partition(b"\n")
            order = json.loads(line)
            code = self._run(order["run"], order["seconds"])
            reap()
            answer = {"code": code, "children": len(list(_children_of(os.getpid())))}
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()

    def _run(self, command: list[str], seconds: float) -> int | None:
        deadline = time.monotonic() + seconds
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError:
            return None
        while process.poll() is None:
            left = deadline - time.monotonic()
            if left <= 0:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                return None
            self._wait(left)
        return process.returncode

    def _wait(self, seconds: float | None) -> None:
        """Return when a child has ended, an order has come, or after ``seconds``."""
        ready, _, _ = select.select([self._source, self._wake], [], [], seconds)
        if self._wake in ready:
            os.read(self._wake, 4096)
        if self._source in ready:
            data = os.read(self._source, 4096)
            if not data:
                raise OwnerGoneError
            self._rest += data


def reap() -> bool:
    """Reap the children that have ended; return whether others are left."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
        return True
    return False


def end_all(grace_seconds: float) -> None:
    """End every process below this one, and return when none is left."""
    deadline = time.monotonic() + grace_seconds
    asked: set[int] = set()
    while reap():
        is_late = time.monotonic() >= deadline
        below = set(_descendants_of(os.getpid()))
        for pid in below if is_late else below - asked:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL if is_late else signal.SIGTERM)
        asked |= below
        time.sleep(LOOK_SECONDS)  # orphans arrive here one by one


def _descendants_of(parent: int) -> Iterator[int]:
    for child in _children_of(parent):
        yield child
        yield from _descendants_of(child)


def _children_of(parent: int) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _parent_of(entry) == parent:
            yield int(entry.name)


def _parent_of(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    except (OSError, IndexError):  # it has just ended
        return 0


def _stay(*_signal: Any) -> None:
    """Do nothing: only closing standard input ends it. An ignored signal would be inherited."""


def main() -> None:
    """Carry out orders until the owner is gone, and leave nothing behind."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, _stay)
    if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise SystemExit("This system gives orphans to no process but the first.")
    try:
        Supervisor(sys.stdin.fileno()).execute_orders()
    except (OwnerGoneError, BrokenPipeError):
        end_all(GRACE_SECONDS)
    finally:
        end_all(0)


if __name__ == "__main__":
    main()
    os._exit(0)  # what is still in the buffer of a broken pipe is lost
