"""Which data directory this is, told from others by an id that lies in it."""

import os
import secrets
from pathlib import Path

NO_DIRECTORY = Path(os.devnull) / "habla"
"""In place of a data directory whose name no system can have: nothing can be there."""


def directory_id(directory: Path) -> str:
    """Return what tells this data directory from others, made at the first call."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / "id"
    if not path.exists():
        path.write_text(secrets.token_hex(8), encoding="ascii")
    return path.read_text(encoding="ascii").strip()
