"""Who on this machine may read what Habla keeps: its own user, and nobody else.

What is written from now on follows UMASK. What an older version, a copy or a hand left open is
closed when the settings are loaded, and what cannot be is named by `manage.py check`.
"""

import os
import pwd
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

UMASK = 0o077
OTHERS = 0o077
"""What a group and everybody else may do."""
SECRETS = frozenset({"secret_key", "owner_key", "habla.env", "habla.sqlite3"})
OURS = SECRETS | {"recordings", "models"}
"""By one of these a directory is known for Habla's, and not for one of the system's."""
FOLLOWED = SECRETS | {"recordings", "run"}
"""What is closed even where it lies elsewhere, behind a link."""
BESIDES = ("-wal", "-shm", "-journal")
"""What SQLite writes beside a database; with the same words in it."""
NOT_OURS = "it holds other things than Habla's, and was left as it is"


@dataclass(frozen=True, slots=True)
class LeftOpen:
    """What others may read, or write, and could not be closed to them."""

    path: Path
    mode: int
    why: str

    def __str__(self) -> str:
        """Return it in words for people, with the way out."""
        return (
            f"{self.path} is open to others (mode {self.mode:04o}): {self.why}. "
            f"`chmod go-rwx {self.path}`, by whoever owns it, or another place would be right."
        )


class Closing:
    """Takes from others what they may do, and notes what that came to."""

    def __init__(self) -> None:
        self.closed: list[str] = []
        """What was open and is not any more, for people."""
        self.left_open: list[LeftOpen] = []

    def close_directory(self, directory: Path) -> None:
        """Close ``directory``, and what lies right in it and in its ``run``.

        No deeper: nobody passes a directory that is closed, and there may be 100,000 recordings.
        No link is followed but those of FOLLOWED: what is shared has modes of its own.
        """
        if not directory.is_dir():
            return  # conf names it
        if is_open(directory) and (why := _foreign(directory)):
            self.left_open.append(LeftOpen(directory, _mode(directory.stat()), why))
            return
        self._close(directory)
        for path in (*_inside(directory), *_inside(directory / "run")):
            if not path.is_symlink() or path.name in FOLLOWED:
                self._close(path)

    def close_files(self, paths: Iterable[Path]) -> None:
        """Close databases that lie elsewhere, with what SQLite writes beside them."""
        for path in paths:
            for one in (path, *(path.with_name(path.name + besides) for besides in BESIDES)):
                self._close(one)

    def _close(self, path: Path) -> None:
        if not is_open(path):
            return
        before = path.stat()
        why = ""
        try:
            path.chmod(_mode(before) & ~OTHERS)
        except OSError as error:
            is_ours = before.st_uid == os.geteuid()
            why = error.strerror or "unknown error"
            why = why if is_ours else f"it belongs to {_name(before.st_uid)}"
        if is_open(path):
            why = why or "its file system keeps no modes"
            self.left_open.append(LeftOpen(path, _mode(path.stat()), why))
        else:
            self.closed.append(f"{path} (mode {_mode(before):04o})")


def database_files(config: Mapping[str, Any]) -> list[Path]:
    """Return the file of Django's settings of a database; none: it is no file, or has no name."""
    name = str(config.get("NAME", ""))
    is_file = str(config.get("ENGINE", "")).endswith("sqlite3") and ":memory:" not in name
    path = urlsplit(name).path if name.startswith("file:") else name
    return [Path(path).absolute()] if is_file and path else []


def is_open(path: Path) -> bool:
    """Return whether others may do anything with what is at ``path``, or behind that link."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False  # gone, a link to nowhere, or behind what even we cannot pass
    return bool(mode & OTHERS) and not stat.S_ISCHR(mode)


def _inside(directory: Path) -> Iterator[Path]:
    try:
        with os.scandir(directory) as entries:
            yield from [Path(entry.path) for entry in entries]
    except OSError:
        return


def _foreign(directory: Path) -> str:
    """Return why ``directory`` is not to be changed; empty: it is Habla's, or becomes so.

    HABLA_DATA_DIR=/etc would otherwise shut everybody out of it, where root says so.
    """
    if directory.stat().st_mode & stat.S_ISVTX:
        return "it is a place for everybody's files"
    if directory in (Path("/"), Path.home()):
        return NOT_OURS
    inside = list(_inside(directory))
    is_known = any(path.name in OURS for path in inside)
    others = [path for path in inside if path.is_dir() and path.name not in ("run", "lost+found")]
    return NOT_OURS if others and not is_known else ""


def _mode(status: os.stat_result) -> int:
    return stat.S_IMODE(status.st_mode)


def _name(user_id: int) -> str:
    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:
        return f"the user {user_id}"
