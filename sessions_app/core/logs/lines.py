"""What a line of the log looks like: whoever writes it, one line, fit to be shown, no secret in it.

And how many of one kind there are, where strangers cause them.
"""

import logging
import time
from http import HTTPStatus
from threading import Lock
from time import monotonic
from types import TracebackType
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from sessions_app.core.printable import printable, without_secrets

STRANGERS = (
    "django.request",
    "django.security",
    "daphne",
    "twisted",
    "sessions_app.transport.channel",
)
"""The loggers that anybody who reaches the port makes write."""
BURST = 10
"""How many lines of one kind may come at once."""
REFILL_SECONDS = 6.0
"""How soon there may be one more."""
INDENT = "    "
"""Before each line of a traceback, so that none of them can be taken for a line of the log."""

UTC = "%s,%03dZ"
"""How the milliseconds of a time end, as logging writes it."""

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class TextLine(logging.Formatter):
    """A line as text, its time in UTC; a traceback follows it, indented."""

    converter = staticmethod(time.gmtime)
    default_msec_format = UTC

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- logging's name
        """Return the line, whatever the message holds."""
        record.message = shown(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 -- logging's name
        """Return a traceback."""
        return _indented(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802 -- logging's name
        """Return a stack."""
        return _indented(super().formatStack(stack_info))


class JsonLine(JsonFormatter):
    """A line as a JSON object, its time in UTC."""

    converter = staticmethod(time.gmtime)
    default_msec_format = UTC

    def format(self, record: logging.LogRecord) -> str:
        """Return the object, on one line; JSON's own escapes make it printable."""
        return without_secrets(super().format(record))


def shown(text: str) -> str:
    """Return ``text`` fit for the log."""
    return printable(without_secrets(text))


def _indented(text: str) -> str:
    return "\n".join(f"{INDENT}{shown(line)}" for line in text.split("\n"))


class Tidy(logging.Filter):
    """Takes from a record what belongs in no line: of a request that was wrong, all but that."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Tidy the record up; let all of them through."""
        record.__dict__.pop("request", None)  # its repr has its path
        if getattr(record, "status_code", HTTPStatus.INTERNAL_SERVER_ERROR) < 500:
            record.exc_info = record.exc_text = None
        return True


class Sparing(logging.Filter):
    """Lets only so many records of a kind through, of those that strangers cause.

    The next one that comes through says how many did not.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()
        self._kinds: dict[tuple[Any, ...], _Bucket] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record may be written."""
        if not record.name.startswith(STRANGERS):
            return True
        # the level, the place and the status: few, whatever strangers send
        kind = (record.name, record.levelno, record.lineno, getattr(record, "status_code", None))
        with self._lock:
            bucket = self._kinds.setdefault(kind, _Bucket())
            is_let_through, left_out = bucket.take(monotonic())
        if is_let_through and left_out:
            record.msg = f"{record.getMessage()} (and {left_out} more like it)"
            record.args = None
        return is_let_through


class _Bucket:
    def __init__(self) -> None:
        self._tokens = float(BURST)
        self._at = monotonic()
        self._left_out = 0

    def take(self, now: float) -> tuple[bool, int]:
        self._tokens = min(BURST, self._tokens + (now - self._at) / REFILL_SECONDS)
        self._at = now
        if self._tokens < 1:
            self._left_out += 1
            return False, 0
        self._tokens -= 1
        left_out, self._left_out = self._left_out, 0
        return True, left_out
