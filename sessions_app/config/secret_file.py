"""A secret of this installation: made once, and kept in a file that nobody else may read."""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def kept_secret(path: Path, make: Callable[[], str]) -> str:
    """Return the secret in the file ``path``, made at the first call.

    Processes that ask at the same time get the same one.

    Raises:
        OSError: the file can neither be read nor written, or is empty.
    """
    if not path.exists():
        _write_once(path, make())
    try:
        secret = path.read_text(encoding="ascii").strip()
    except UnicodeDecodeError:
        secret = ""
    if not secret:  # anybody could guess it
        raise OSError(errno.EINVAL, "holds no secret; delete it to get a new one", str(path))
    return secret


def _write_once(path: Path, text: str) -> None:
    # it appears under its name only when complete, so that nobody reads half of it
    draft = path.with_suffix(f".{os.getpid()}")
    with suppress(FileExistsError):
        draft.touch(mode=0o600)
        with draft.open("w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    draft.unlink(missing_ok=True)
