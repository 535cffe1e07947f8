"""File modes: only Habla's own user may read what it stores on this machine.

New files follow UMASK. Files that an older version, a copy or a person left open to others are
closed to them when the settings are loaded; `manage.py check` names those that cannot be.
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
"""The permissions of the group and of everybody else."""
SECRETS = frozenset({"secret_key", "owner_key", "habla.env", "habla.sqlite3"})
OURS = SECRETS | {"recordings", "models", "https"}
"""A directory that holds one of these is Habla's own, and not one of the system's."""
FOLLOWED = SECRETS | {"recordings", "run", "https"}
"""What is closed even if it is a link, and lies elsewhere."""
SUFFIXES = ("-wal", "-shm", "-journal")
"""Of the files that SQLite writes beside a database, with the same content."""
NOT_OURS = "it holds other things than Habla's, and was left as it is"


@dataclass(frozen=True, slots=True)
class LeftOpen:
    """A file or directory that others can read or write, and that could not be closed to them."""

    path: Path
    mode: int
    why: str

    def __str__(self) -> str:
        """Return a message for people that says how to mend it."""
        return (
            f"{self.path} is open to others (mode {self.mode:04o}): {self.why}. "
            f"`chmod go-rwx {self.path}`, by whoever owns it, or another place would be right."
        )


class ModeRestriction:
    """Takes away the access of other users, and notes what was open and what still is."""

    def __init__(self) -> None:
        self.restricted: list[str] = []
        """What was open before, in words for people."""
        self.left_open: list[LeftOpen] = []

    def restrict_directory(self, directory: Path) -> None:
        """Close ``directory``, and what lies directly in it and in its ``run``.

        No deeper: nobody gets past a closed directory, and there may be 100,000 recordings. Links
        are followed only if they are in FOLLOWED: shared files have modes of their own.
        """
        if not directory.is_dir():
            return  # a mistake that conf names
        if is_open(directory) and (why := _foreign(directory)):
            self.left_open.append(LeftOpen(directory, _mode(directory.stat()), why))
            return
        self._restrict(directory)
        for path in (*_inside(directory), *_inside(directory / "run")):
            if not path.is_symlink() or path.name in FOLLOWED:
                self._restrict(path)

    def restrict_files(self, paths: Iterable[Path]) -> None:
        """Close database files that lie elsewhere, with those that SQLite writes beside them."""
        for path in paths:
            for one in (path, *(path.with_name(path.name + suffix) for suffix in SUFFIXES)):
                self._restrict(one)

    def _restrict(self, path: Path) -> None:
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
            self.restricted.append(f"{path} (mode {_mode(before):04o})")


def database_files(config: Mapping[str, Any]) -> list[Path]:
    """Return the file of a database, by Django's settings of it; empty: it has none."""
    name = str(config.get("NAME", ""))
    is_file = str(config.get("ENGINE", "")).endswith("sqlite3") and ":memory:" not in name
    path = urlsplit(name).path if name.startswith("file:") else name
    return [Path(path).absolute()] if is_file and path else []


def is_open(path: Path) -> bool:
    """Return whether others have any access to ``path`` or, if it is a link, to its target."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False  # gone, a broken link, or in a directory that even we cannot read
    return bool(mode & OTHERS) and not stat.S_ISCHR(mode)


def _inside(directory: Path) -> Iterator[Path]:
    try:
        with os.scandir(directory) as entries:
            yield from [Path(entry.path) for entry in entries]
    except OSError:
        return


def _foreign(directory: Path) -> str:
    """Return why ``directory`` must not be changed; empty: it is Habla's own, or may become so.

    Otherwise HABLA_DATA_DIR=/etc, set by root, would shut everybody else out of it.
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
