"""Ends live sessions from any process: from a page, a program, another server."""

import time
from collections.abc import Callable, Iterable
from uuid import UUID

from sessions_app.bus.notify import LOOK_SECONDS, rows_changed
from sessions_app.store import history

PATIENCE_SECONDS = LOOK_SECONDS + 3.0
"""How long to wait for sessions to end: until their server looks, and a moment to drain."""
POLL_SECONDS = 0.05


def end_sessions(session_ids: Iterable[UUID], seconds: float = PATIENCE_SECONDS) -> set[UUID]:
    """Ask that these sessions end gracefully; return those that still live after ``seconds``.

    The wish stands in the rows, so it does not matter which process has the sessions. Asking for
    what has ended changes nothing. Blocks.
    """
    wanted = set(session_ids)
    history.ask_to_end(wanted)
    rows_changed()
    return _wait(lambda: history.live_among(wanted), seconds)


def _wait(left: Callable[[], set[UUID]], seconds: float) -> set[UUID]:
    deadline = time.monotonic() + seconds
    while (those := left()) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)  # another process does it, and tells by the row
    return those
