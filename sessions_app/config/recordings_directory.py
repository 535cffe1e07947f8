"""The id of the directory of recordings, kept in that directory: a shared one has a single id.

Each recording's row stores the id of the directory that holds its files, so every process knows
whether they are in its own directory or in that of another process.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from sessions_app.config import conf

NAME = ".id"
LONGEST_ID = 32
"""The length of the column."""


def identify() -> str:
    """Return the id of this process's directory of recordings, made at the first call. Blocks.

    Raises:
        OSError: it has none, and none can be made.
    """
    return known_id() or _make(conf.recordings_dir() / NAME)


def known_id() -> str:
    """Return the id of this process's directory of recordings; empty: it has none. Blocks."""
    return _read(conf.recordings_dir() / NAME)


def id_or_none() -> str:
    """Return the id, made if there is none; empty: none can be made. Blocks."""
    try:
        return identify()
    except OSError:  # nothing can be recorded there either, and that is reported
        return ""


def is_here(directory: str) -> bool:
    """Return whether the files of a row with the id ``directory`` belong here. Blocks.

    Rows of an earlier version have no id: their files are looked for everywhere.
    """
    return not directory or directory == known_id()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()[:LONGEST_ID]
    except (OSError, ValueError):
        return ""


def _make(path: Path) -> str:
    """Write an id and return it; processes that do so at the same time all get the same one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    mine = path.with_name(f"{NAME}.{secrets.token_hex(8)}")
    try:
        mine.write_text(secrets.token_hex(8), encoding="ascii")
        with suppress(FileExistsError):
            os.link(mine, path)
    finally:
        mine.unlink(missing_ok=True)
    return path.read_text(encoding="ascii").strip()[:LONGEST_ID]
