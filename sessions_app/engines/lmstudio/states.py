"""The states of LM Studio, and its time limits."""

from dataclasses import dataclass, field
from enum import StrEnum

STOP_SECONDS = 4.0
"""How long stopping may take: unloading or closing the server, the processes, orphans."""


class LmState(StrEnum):
    """The state of LM Studio."""

    STOPPED = "stopped"
    """It is not wanted."""
    STARTING = "starting"
    RUNNING = "running"
    BUSY = "busy"
    """It is there, but does not answer in time."""
    DOWN = "down"
    """It is wanted, and does not run; it is started again after the backoff."""


@dataclass(frozen=True, slots=True)
class Condition:
    """The condition of LM Studio, for people."""

    state: LmState
    message: str = ""
    """Why it is down, and how to fix that."""
    is_ours: bool = False
    """Whether it was started here, and will be stopped here."""


@dataclass(frozen=True, slots=True)
class LmStudioAddress:
    """Where the server is."""

    url: str
    """With or without ``/v1`` at its end."""
    key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Timing:
    """Time limits and intervals, in seconds."""

    look: float = 15.0
    """Between two probes of the monitor."""
    probe: float = 5.0
    """How long it may take to answer before it counts as busy."""
    start: float = 60.0
    patience: float = 300.0
    """How long it may be busy before it counts as hung, if it was started here."""
    backoff: float = 15.0
    """Between a failed start and the next; doubled each time."""
    longest_backoff: float = 600.0
