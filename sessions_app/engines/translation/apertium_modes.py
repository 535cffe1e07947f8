"""Apertium's modes: which ones are installed, and the programs that each consists of."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from sessions_app.engines.base import Direction

Command = Sequence[str]

MODES_DIR = Path("/usr/share/apertium/modes")
"""Where Debian's packages install their modes."""
MODES = {Direction.ES_TO_EN: "spa-eng", Direction.EN_TO_ES: "eng-spa"}


def installed_modes(modes_dir: Path = MODES_DIR) -> dict[Direction, Path]:
    """Return the mode files that are in ``modes_dir``, by direction."""
    paths = {direction: modes_dir / f"{name}.mode" for direction, name in MODES.items()}
    return {direction: path for direction, path in paths.items() if path.exists()}


def read_mode(path: Path) -> list[Command]:
    """Return the programs of the mode file ``path``, set to answer request by request.

    Unknown words are left unmarked (``-n``).

    Raises:
        OSError: the file cannot be read.
    """
    stages = path.read_text(encoding="utf-8").strip().split("|")
    return [_stage(shlex.split(stage)) for stage in stages]


def _stage(words: list[str]) -> Command:
    program, *arguments = words
    return [program, "-z", *("-n" if word == "$1" else word for word in arguments if word != "$2")]
