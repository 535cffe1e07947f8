"""Where downloaded weights and speech lie: beside the packages, never in the repository."""

import os
import sys
from pathlib import Path

CACHE_VARIABLE = "QUALITY_CACHE"
"""The environment variable that names another directory."""


class UnavailableError(Exception):
    """Something that a measurement needs cannot be had here; str() says why."""


def cache() -> Path:
    """Return the directory, created if missing.

    Raises:
        UnavailableError: it cannot be created.
    """
    directory = Path(os.environ.get(CACHE_VARIABLE) or Path(sys.prefix) / "quality")
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnavailableError(f"{directory} cannot be made: {error}") from error
    return directory.resolve()
