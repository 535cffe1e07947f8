"""Which directory of recordings this is: by an id that lies in it, so that a shared one has one.

A row keeps the id of the directory in which its files lie: so every process knows whether they lie
where it looks, or with another.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from sessions_app.config import conf

NAME = ".id"
LONGEST_ID = 32
"""What a column holds."""


def identify() -> str:
    """Return the id of the directory in which recordings lie here, made at the first call. Blocks.

    Raises:
        OSError: there is none, and none can be made.
    """
    return known_id() or _make(conf.recordings_dir() / NAME)


def known_id() -> str:
    """Return the id of the directory in which recordings lie here; empty: it has none. Blocks."""
    return _read(conf.recordings_dir() / NAME)


def id_or_none() -> str:
    """Return the id, made if there is none; empty: none can be made. Blocks."""
    try:
        return identify()
    except OSError:  # nothing can be recorded there either, and that is told
        return ""


def is_here(directory: str) -> bool:
    """Return whether files whose row says ``directory`` lie here, if anywhere. Blocks.

    Rows of an earlier version say nothing: theirs are looked for everywhere.
    """
    return not directory or directory == known_id()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()[:LONGEST_ID]
    except (OSError, ValueError):
        return ""


def _make(path: Path) -> str:
    """Write an id, of which there is one however many processes begin at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    mine = path.with_name(f"{NAME}.{secrets.token_hex(8)}")
    try:
        mine.write_text(secrets.token_hex(8), encoding="ascii")
        with suppress(FileExistsError):
            os.link(mine, path)
    finally:
        mine.unlink(missing_ok=True)
    return path.read_text(encoding="ascii").strip()[:LONGEST_ID]
