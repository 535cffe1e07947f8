"""The environment, and the file `habla.env` in the data directory that adds to it."""

import io
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import environ

from sessions_app.config.setting import Setting

NAME = "habla.env"
LINE = re.compile(r"(export )?[A-Za-z_0-9]+=.*|#.*|")
"""What a line may be: a setting, a comment, or empty."""


class Environment:
    """The variables of this process, word for word."""

    def __init__(self) -> None:
        self.mistakes: list[str] = []
        """One message for each variable that was read and is not text."""

    def text(self, variable: str, default: str = "") -> str:
        """Return what ``variable`` holds, with ``?`` for what is not UTF-8."""
        text = os.environ.get(variable, default)
        readable = text.encode(errors="replace").decode()
        mistake = f"{variable} holds what is not UTF-8; text would be right."
        if readable != text and mistake not in self.mistakes:
            self.mistakes.append(mistake)
        return readable

    def texts(self, settings: Iterable[Setting[Any]]) -> dict[str, str]:
        """Return what the variables of ``settings`` hold, or their defaults, by name."""
        return {one.name: self.text(one.variable, one.default) for one in settings}


def read_env_file(directory: Path) -> set[str]:
    """Add the variables in the file of ``directory`` to the environment, except those it has.

    Returns the names that were added. Lines that are not understood are skipped: see ``mistakes``.
    """
    before = set(os.environ)
    text = "\n".join(line for line in _lines(directory) or () if LINE.fullmatch(line))
    environ.Env.read_env(io.StringIO(text))
    return set(os.environ) - before


def env_file_mistakes(directory: Path) -> list[str]:
    """Return one message for each line in the file of ``directory`` that is not understood.

    The line itself is not repeated: it may hold a secret. It is a mistake and not only a warning,
    since the setting in it may be one that keeps people out.
    """
    lines = _lines(directory)
    if lines is None:
        return [f"{NAME} cannot be read; a text file in UTF-8 of your own would be right."]
    return [
        f"Line {number} of {NAME} is not understood; NAME=value, without blanks before the name "
        "or around the =, would be right."
        for number, line in enumerate(lines, start=1)
        if not LINE.fullmatch(line)
    ]


def _lines(directory: Path) -> list[str] | None:
    """Return the lines of the file of ``directory``; empty: there is none; None: unreadable."""
    try:
        text = (directory / NAME).read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, UnicodeDecodeError):
        return None
    return [line.rstrip() for line in text.splitlines()]
