"""Whose a log line is: the session in whose task it was written."""

import logging
from contextvars import Context, ContextVar, copy_context

NOBODY = "-"
"""What stands in lines that belong to no session."""

_session: ContextVar[str] = ContextVar("session", default=NOBODY)


def context_of(session_id: str) -> Context:
    """Return the context of a task whose lines, and those of its own tasks, carry the id."""
    context = copy_context()
    context.run(_session.set, session_id)
    return context


class Whose(logging.Filter):
    """Gives every record its ``session``; lets all of them through."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Note whose the record is, unless somebody did already."""
        if not hasattr(record, "session"):
            record.session = _session.get()
        return True
