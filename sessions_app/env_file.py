"""The environment, and the settings that stand in a file of the data directory."""

import os
from pathlib import Path
from typing import Any

import environ

NAME = "habla.env"


class Environment(environ.Env):  # type: ignore[misc]  # it has no types
    """The environment, word for word.

    Its parent takes a value that begins with `$` for the name of another variable, and where there
    is none such, for not set: `HABLA_OWNER=$off` would be `on`.
    """

    def str(self, var: Any, default: Any = "", multiline: bool = False) -> Any:
        """Return what the variable ``var`` holds."""
        return self.ENVIRON.get(var, default)


def read(directory: Path) -> set[str]:
    """Add what the file of ``directory`` says to the environment, which has the last word.

    Returns the names that were added.
    """
    before = set(os.environ)
    if (directory / NAME).is_file():
        environ.Env.read_env(directory / NAME)
    return set(os.environ) - before
