"""The settings that stand in a file of the data directory, as `NAME=value` lines."""

import os
from pathlib import Path

import environ

NAME = "habla.env"


def read(directory: Path) -> set[str]:
    """Add what the file of ``directory`` says to the environment, which has the last word.

    Returns the names that were added.
    """
    before = set(os.environ)
    if (directory / NAME).is_file():
        environ.Env.read_env(directory / NAME)
    return set(os.environ) - before
