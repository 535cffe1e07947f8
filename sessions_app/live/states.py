"""What a session begins with, how far it has come, what may follow, and why it ends."""

import uuid
from dataclasses import dataclass
from enum import StrEnum

from sessions_app.access.logins import Login
from sessions_app.core.errors import RefusedError
from sessions_app.core.events import Failure, Manner
from sessions_app.live.generations import Generations
from sessions_app.live.publisher import Publisher
from sessions_app.protocol import CloseCode
from sessions_app.recording.finishing import RecordingFinisher
from sessions_app.store.database.identity import identity


class State(StrEnum):
    """How far a session has come. Only `session.py` changes it."""

    OPENING = "opening"
    """Its engines and its row are being got."""
    IDLE = "idle"
    """It takes commands and typed text."""
    LISTENING = "listening"
    """It takes sound."""
    STOPPING = "stopping"
    """It takes no more sound, and finishes what it took."""
    DRAINING = "draining"
    """It takes nothing any more, and finishes what it took."""
    CLOSED = "closed"
    """Nothing of it is left."""


TRANSITIONS: dict[State, frozenset[State]] = {
    State.OPENING: frozenset({State.IDLE, State.DRAINING, State.CLOSED}),
    State.IDLE: frozenset({State.LISTENING, State.DRAINING, State.CLOSED}),
    State.LISTENING: frozenset({State.STOPPING, State.DRAINING, State.CLOSED}),
    State.STOPPING: frozenset({State.IDLE, State.DRAINING, State.CLOSED}),
    State.DRAINING: frozenset({State.CLOSED}),
    State.CLOSED: frozenset(),
}
"""What may follow what; docs/lifecycle.md draws it."""

OPEN_STATES = frozenset({State.IDLE, State.LISTENING, State.STOPPING})
"""Those in which a session takes commands."""

STATES_WITH_ROW = OPEN_STATES | {State.DRAINING}
"""Those in which its row is there for certain, and open."""


@dataclass(frozen=True, slots=True)
class EndCause:
    """Why a session ends, and how."""

    reason: str
    """For the row and the last message: ``client_left``, ``server_quits``, ``failed``, ..."""
    code: int = CloseCode.LEFT
    is_graceful: bool = True
    """Whether what was accepted is finished first."""
    is_heard: bool = True
    """Whether anybody is there to be told."""
    is_told_first: bool = False
    """Whether the client hears of it and is let go before that: it may not hear more."""
    problem: Failure | None = None
    """What the client is told of it; None: that something broke, where the code is ``FAILED``."""


def refuse_without_database() -> None:
    """Let nobody in of whom nothing would be kept.

    Raises:
        RefusedError: the database was deleted or replaced.
    """
    if problem := identity.problem_now:
        code, close_code = "database_replaced", CloseCode.FAILED
        raise RefusedError(problem, code=code, close_code=close_code)


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """What the client asked for when it came."""

    user_id: int
    manner: Manner
    conversation_id: uuid.UUID | None = None
    login: Login | None = None
    """What it is let in by; None: it is nobody's connection, only ``user_id``'s."""
    is_operator: bool = False
    """Whether it is who looks after the server: the owner, or another superuser."""


@dataclass(frozen=True, slots=True)
class ProcessContext:
    """What a process gives to each of its sessions."""

    boot: str
    """The run of the server."""
    generations: Generations
    publisher: Publisher
    finisher: RecordingFinisher | None
    """None: nothing is recorded."""
    drain_seconds: float
    silence_seconds: float


@dataclass(frozen=True, slots=True)
class ShutdownReport:
    """How all sessions ended when the server quit."""

    sessions: int
    cut_off: int
    """How many had not finished when their time was up."""
    stuck: int
    """How many did not even close."""
    unkept: int = 0
    """How many recordings were not closed, and writes the database did not take."""
