"""Apertium's modes: which ones are installed, and the programs that each consists of."""

import shlex
from collections.abc import Sequence
from itertools import pairwise
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


def cut_mode(commands: Sequence[Command]) -> list[list[Command]]:
    """Return the programs of a mode in the four sections between which words can be changed.

    They find the readings of words, choose one and its translation, transfer the sentence, and make
    the forms. A mode of another shape is one section, between which nothing can be changed.
    """
    programs = [Path(command[0]).name for command in commands]
    try:
        tagger = programs.index("apertium-tagger")
        transfer = next(n for n, one in enumerate(commands) if _is_transfer(one))
        maker = max(n for n, name in enumerate(programs) if name == "apertium-postchunk") + 1
    except (StopIteration, ValueError):
        return [list(commands)]
    cuts = [0, tagger, transfer, maker, len(commands)]
    return [list(commands[begin:end]) for begin, end in pairwise(cuts)]


def _is_transfer(command: Command) -> bool:
    """Return whether this is the transfer that is given words with their translations."""
    return Path(command[0]).name == "apertium-transfer" and "-b" in command


def _stage(words: list[str]) -> Command:
    program, *arguments = words
    return [program, "-z", *("-n" if word == "$1" else word for word in arguments if word != "$2")]
