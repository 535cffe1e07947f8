"""What the address of a session's WebSocket asks for."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from sessions_app.core.events import Direction, Manner, Mode

MOST_SEEN = 2**53 - 1
"""The highest number of an event that a client may name: what JavaScript counts exactly."""


DEFAULT_MANNER = Manner(Direction.ES_TO_EN, Mode.CONVERSATION)


@dataclass(frozen=True, slots=True)
class SessionQuery:
    """The values of the query, or their defaults."""

    manner: Manner = DEFAULT_MANNER
    conversation_id: uuid.UUID | None = None
    is_resumable: bool = False
    ticket: str = ""
    """The ticket by which to resume a session; empty: a new one is asked for."""
    seen: int = 0
    """The highest number of an event that the client has seen."""


def parse_query(scope: Mapping[str, Any]) -> SessionQuery | None:
    """Return what the address of an ASGI scope asks for; None: some of it cannot be."""
    query = parse_qs(scope["query_string"].decode("latin1"))
    values = {name: value[-1] for name, value in query.items()}
    try:
        manner = Manner(
            Direction(values.get("direction", Direction.ES_TO_EN)),
            Mode(values.get("mode", Mode.CONVERSATION)),
        )
        conversation = values.get("conversation")
        ticket = values.get("resume", "")
        return SessionQuery(
            manner,
            uuid.UUID(conversation) if conversation else None,
            is_resumable=bool(ticket) or _flag(values.get("resumable", "0")),
            ticket=ticket,
            seen=_count(values.get("seen", "0")),
        )
    except ValueError:
        return None


def _flag(value: str) -> bool:
    if value not in ("0", "1"):
        raise ValueError(value)
    return value == "1"


def _count(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= len(str(MOST_SEEN))):
        raise ValueError(value)
    return min(int(value), MOST_SEEN)
