"""What a check found: fine, a warning, or broken."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How severe a finding is."""

    FINE = "fine"
    WARNING = "warning"
    """It works, but not as well as it could."""
    BROKEN = "broken"
    """The server cannot do its work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report."""

    part: str
    """What was checked, such as ``database``."""
    level: Level
    message: str
    mend: str = ""
    """What to do about it; empty where nothing is wrong, or where the message says so."""


def fine(part: str, message: str) -> Finding:
    """Return the finding that ``part`` is as it should be."""
    return Finding(part, Level.FINE, message)


def warning(part: str, message: str, mend: str = "") -> Finding:
    """Return the finding that ``part`` works, but not as well as it could."""
    return Finding(part, Level.WARNING, message, mend)


def broken(part: str, message: str, mend: str = "") -> Finding:
    """Return the finding that ``part`` keeps the server from its work."""
    return Finding(part, Level.BROKEN, message, mend)
