"""The run file: it allows one server per data directory, and says which one runs."""

import fcntl
import json
import logging
import os
from pathlib import Path
from types import TracebackType
from typing import Any

from sessions_app.core.errors import HablaError

logger = logging.getLogger(__name__)


class AlreadyServingError(HablaError):
    """Another server runs on this data directory."""

    code = "already_serving"


class RunFile:
    """Locked while a server runs; the kernel releases the lock however the server ends.

    A second server on one data directory would mark the first one's sessions as lost.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / "serve.json"
        self._file: int | None = None
        self._facts: dict[str, Any] = {}

    def __enter__(self) -> "RunFile":
        """Lock the file.

        Raises:
            AlreadyServingError: another process holds it; the message says which.
        """
        self._file = _locked(self._path)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Release it, emptied if the disk allows: the lock alone says whether a server runs."""
        try:
            if self._file is not None:
                os.ftruncate(self._file, 0)
        except OSError as failure:
            logger.error("the run file could not be emptied: %s", failure)  # noqa: TRY400 -- says it all
        finally:
            self._close()

    def write(self, facts: dict[str, Any]) -> None:
        """Write which server runs, and where."""
        if self._file is None:
            raise RuntimeError("the run file is not held")
        self._facts = facts
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, json.dumps(facts).encode(), 0)

    def restore(self) -> bool:
        """Create it again if somebody deleted or replaced it; return whether that was needed.

        Raises:
            AlreadyServingError: another server has taken the directory meanwhile.
            OSError: it cannot be created.
        """
        if self._file is None or _is_same(self._file, self._path):
            return False
        file = _locked(self._path)
        self._close()
        self._file = file
        self.write(self._facts)
        return True

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _locked(path: Path) -> int:
    """Return the open and locked run file, created if missing."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(file)
        raise AlreadyServingError(_explain(read_run_file(path.parent))) from error
    return file


def _is_same(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def is_held(directory: Path) -> bool:
    """Return whether a server runs on this run directory, as the lock says, not the text."""
    try:
        file = os.open(directory / "serve.json", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def read_run_file(directory: Path) -> dict[str, Any]:
    """Return what the server of ``directory`` last wrote; empty if there is nothing to read."""
    try:
        facts = json.loads((directory / "serve.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _explain(facts: dict[str, Any]) -> str:
    who = f" (process {facts['pid']}, {facts.get('address', '')})" if "pid" in facts else ""
    return f"Habla already runs on this data directory{who}."
