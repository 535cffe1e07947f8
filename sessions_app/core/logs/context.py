"""The session of a log line: the one in whose task it was written."""

import logging
from contextvars import Context, ContextVar, copy_context

NO_SESSION = "-"
"""Stands in lines that belong to no session."""

_session: ContextVar[str] = ContextVar("session", default=NO_SESSION)


def context_of(session_id: str) -> Context:
    """Return a context in which all log lines, also of tasks created in it, carry the id."""
    context = copy_context()
    context.run(_session.set, session_id)
    return context


class SessionFilter(logging.Filter):
    """Sets ``session`` in every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Set the record's session, unless it is set already; return True."""
        if not hasattr(record, "session"):
            record.session = _session.get()
        return True
