"""A secret of this installation: made once, kept in a file that nobody else may read."""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def kept_secret(path: Path, make: Callable[[], str]) -> str:
    """Return the secret that is kept in ``path``, made and kept at the first call.

    Two processes that ask at once get the same.

    Raises:
        OSError: it can neither be read nor be kept, or there is nothing in it.
    """
    if not path.exists():
        _write_once(path, make())
    try:
        secret = path.read_text(encoding="ascii").strip()
    except UnicodeDecodeError:
        secret = ""
    if not secret:  # anybody could guess it
        raise OSError(errno.EINVAL, "holds no secret; delete it, to have another", str(path))
    return secret


def _write_once(path: Path, text: str) -> None:
    # linked into place whole, so that nobody reads half of it
    draft = path.with_suffix(f".{os.getpid()}")
    with suppress(FileExistsError):
        draft.touch(mode=0o600)
        with draft.open("w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    draft.unlink(missing_ok=True)
