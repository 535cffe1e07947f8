"""A fake ``lms`` in a directory of its own, and its processes in the process table."""

import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from sessions_app.engines.lmstudio.process import MARK
from tests.tiny import fakelms


class FakeLms:
    """The executable, its plan (see fakelms), and traces of what it did."""

    def __init__(self, directory: Path, port: int) -> None:
        self.directory = directory
        self.url = f"http://127.0.0.1:{port}/v1"
        self.owner = str(directory)
        self.executable = str(directory / "lms")
        self.plan()
        text = f'#!/bin/sh\nexec {sys.executable} {fakelms.__file__} {directory} "$@"\n'
        Path(self.executable).write_text(text)
        Path(self.executable).chmod(0o700)

    def plan(self, **does: Any) -> None:
        """Make it do so from now on."""
        plan = {"models": ["small", "large"], **does}
        (self.directory / "plan.json").write_text(json.dumps(plan))

    def uninstall(self) -> None:
        """Remove the executable."""
        Path(self.executable).unlink()

    def begin(self, what: str) -> None:
        """Make its daemon do so now: ``busy`` or ``daemon_dies``."""
        (self.directory / what).touch()

    def end(self, what: str) -> None:
        """Make it stop doing so."""
        (self.directory / what).unlink(missing_ok=True)

    def lines(self, name: str) -> list[str]:
        """Return one of its logs: ``starts``, ``stops``, ``asked``."""
        path = self.directory / name
        return path.read_text().splitlines() if path.exists() else []

    def processes(self) -> list[int]:
        """Return all its processes, each with its parent."""
        found = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())
        return sorted(pid for pid in found if self._is_of_it(pid))

    def _is_of_it(self, pid: int) -> bool:
        entry = Path(f"/proc/{pid}")
        with suppress(OSError):
            if os.fsencode(self.directory) in (entry / "cmdline").read_bytes():
                return True
            owner = f"{MARK}={self.owner}".encode()
            return owner in (entry / "environ").read_bytes().split(b"\0")
        return False

    def kill(self) -> None:
        """Kill all its processes that a test has left."""
        while processes := self.processes():
            for pid in processes:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
