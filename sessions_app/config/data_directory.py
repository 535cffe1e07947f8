"""The id of a data directory, kept in that directory, which tells it from others."""

import os
import secrets
from pathlib import Path

NO_DIRECTORY = Path(os.devnull) / "habla"
"""In place of a data directory whose name is impossible: nothing can exist there."""


def directory_id(directory: Path) -> str:
    """Return the id of ``directory``, made at the first call."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / "id"
    if not path.exists():
        path.write_text(secrets.token_hex(8), encoding="ascii")
    return path.read_text(encoding="ascii").strip()
