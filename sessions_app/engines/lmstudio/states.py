"""How LM Studio can be, and how long things may take with it."""

from dataclasses import dataclass, field
from enum import StrEnum

STOP_SECONDS = 4.0
"""How long stopping may take: the models or the server, the processes, what had no supervisor."""


class LmState(StrEnum):
    """How LM Studio is."""

    STOPPED = "stopped"
    """Nothing of it is wanted."""
    STARTING = "starting"
    RUNNING = "running"
    BUSY = "busy"
    """It is there, and does not answer in time."""
    DOWN = "down"
    """It is wanted, and does not run; it is started again when the backoff is over."""


@dataclass(frozen=True, slots=True)
class Condition:
    """How LM Studio is, for people."""

    state: LmState
    message: str = ""
    """Why it is down, and how to mend that."""
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
    """How long things may take, in seconds."""

    look: float = 15.0
    """From one look of the monitor to the next."""
    probe: float = 5.0
    """How long it may take to answer before it counts as busy."""
    start: float = 60.0
    patience: float = 300.0
    """How long it may be busy before it counts as hung, if it was started here."""
    backoff: float = 15.0
    """From a start that failed to the next; each further one waits twice as long."""
    longest_backoff: float = 600.0
