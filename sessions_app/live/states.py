"""A session's request, its states and their transitions, and the causes of its end."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sessions_app.access.logins import Login
from sessions_app.core.errors import RefusedError
from sessions_app.core.events import Failure, Manner
from sessions_app.live.generations import Generations
from sessions_app.live.publisher import Publisher
from sessions_app.live.resuming.restored import RestoredSession
from sessions_app.pipeline.listener import HeardBefore
from sessions_app.protocol import CloseCode
from sessions_app.recording.finishing import RecordingFinisher
from sessions_app.store.database.identity import identity


class State(StrEnum):
    """How far a session has come. Only the session changes it (`presence.py`)."""

    OPENING = "opening"
    """It acquires its engines and its row."""
    IDLE = "idle"
    """It accepts commands and typed text."""
    LISTENING = "listening"
    """It accepts sound."""
    DETACHED = "detached"
    """Its client's connection is lost; it goes on with what it has, and waits for the client."""
    STOPPING = "stopping"
    """It accepts no more sound, and finishes what it accepted."""
    DRAINING = "draining"
    """It accepts nothing any more, and finishes what it accepted."""
    CLOSED = "closed"
    """Nothing of it is left."""


TRANSITIONS: dict[State, frozenset[State]] = {
    State.OPENING: frozenset({State.IDLE, State.DRAINING, State.CLOSED}),
    State.IDLE: frozenset({State.LISTENING, State.DETACHED, State.DRAINING, State.CLOSED}),
    State.LISTENING: frozenset({State.STOPPING, State.DETACHED, State.DRAINING, State.CLOSED}),
    State.STOPPING: frozenset({State.IDLE, State.DETACHED, State.DRAINING, State.CLOSED}),
    State.DETACHED: frozenset(
        {State.IDLE, State.LISTENING, State.STOPPING, State.DRAINING, State.CLOSED}
    ),
    State.DRAINING: frozenset({State.CLOSED}),
    State.CLOSED: frozenset(),
}
"""Which states may follow each state, as in the table of docs/lifecycle.md."""

OPEN_STATES = frozenset({State.IDLE, State.LISTENING, State.STOPPING})
"""Those in which a session accepts commands."""

STATES_WITH_ROW = OPEN_STATES | {State.DETACHED, State.DRAINING}
"""Those in which its row certainly exists and is open."""


class EndReason(StrEnum):
    """Why a session ends, in its row and in its last message; docs/lifecycle.md says what follows.

    An app above may end a session for a reason of its own. In the row ``_cut_off`` is added if
    something was left undone.
    """

    CLIENT_LEFT = "client_left"
    CONNECTION_LOST = "connection_lost"
    NOT_RESUMED = "not_resumed"
    GAVE_WAY = "gave_way"
    CONTINUED = "continued"
    CLAIMED = "claimed"
    CANCELLED = "cancelled"
    SILENT = "silent"
    TOO_FAST = "too_fast"
    CANNOT_KEEP_UP = "cannot_keep_up"
    NOT_OUR_PROTOCOL = "not_our_protocol"
    LOGGED_OUT = "logged_out"
    DELETED = "deleted"
    ENDED_BY_OPERATOR = "ended_by_operator"
    DATABASE_REPLACED = "database_replaced"
    SERVER_QUITS = "server_quits"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class EndCause:
    """Why a session ends, and how."""

    reason: str
    """An ``EndReason``, or the reason of an app above."""
    code: int = CloseCode.LEFT
    is_graceful: bool = True
    """Whether what was accepted is finished first."""
    is_heard: bool = True
    """Whether the client is still there to receive messages."""
    is_told_first: bool = False
    """Whether the client is told and disconnected before the drain, since it may hear no more."""
    problem: Failure | None = None
    """What the client is told; None: a general error, where the close code is ``FAILED``."""


LOGGED_OUT = EndCause(
    EndReason.LOGGED_OUT, CloseCode.LOGIN_FIRST, is_heard=False, is_told_first=True
)


def refuse_without_database() -> None:
    """Refuse a session of which nothing could be stored.

    Raises:
        RefusedError: the database was deleted or replaced.
    """
    if problem := identity.problem_now:
        code, close_code = "database_replaced", CloseCode.FAILED
        raise RefusedError(problem, code=code, close_code=close_code)


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """What the client asked for when it connected."""

    user_id: int
    manner: Manner
    conversation_id: uuid.UUID | None = None
    login: Login | None = None
    """What authenticates it; None: there is no login to check, only a ``user_id``."""
    is_resumable: bool = False
    """Whether the session outlives its connection."""
    continues: Mapping[str, int] | None = None
    """What the client is to send again of a session that is over: `stream`, and from which byte."""
    heard_before: HeardBefore | None = None
    """What need not be heard of that; None: nothing, or all of it."""
    taken_command: int | None = None
    """The number up to which that took its client's commands; None: it continues no session."""
    use_up: Callable[[], None] | None = None
    """Makes the tickets of that session worthless, once the client has one of this."""
    restored: RestoredSession | None = None
    """The session of another process that is to go on; None: a new one begins."""
    owed_seconds: float = 0.0
    """How much sound it may have held meanwhile, which it sends faster than it was spoken."""
    is_operator: bool = False
    """Whether the user looks after the server: the owner, or another superuser."""


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
    resume_seconds: float = 0.0
    """How long a session outlives the connection of a client that asked for it."""


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
