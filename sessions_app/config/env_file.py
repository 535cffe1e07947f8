"""The environment, and the settings that stand in a file of the data directory."""

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
"""What is understood: a setting, a comment, nothing."""


class Environment:
    """The variables of this process, word for word."""

    def __init__(self) -> None:
        self.mistakes: list[str] = []
        """Which of those that were read are no text, in words for people."""

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


def read(directory: Path) -> set[str]:
    """Add what the file of ``directory`` says to the environment, which has the last word.

    Returns the names that were added. What is not understood is left out: see ``mistakes``.
    """
    before = set(os.environ)
    text = "\n".join(line for line in _lines(directory) or () if LINE.fullmatch(line))
    environ.Env.read_env(io.StringIO(text))
    return set(os.environ) - before


def mistakes(directory: Path) -> list[str]:
    """Return what of the file of ``directory`` is not understood.

    Not its text, which may be secret. A setting that is not read is not as its writer meant it,
    and may be one that keeps people out.
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
    """Return the lines of the file of ``directory``; none: there is no file; None: unreadable."""
    try:
        text = (directory / NAME).read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, UnicodeDecodeError):
        return None
    return [line.rstrip() for line in text.splitlines()]
