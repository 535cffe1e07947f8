"""The format of log lines: each record is one printable line without secrets.

Lines that strangers can cause are limited in number.
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

PUBLIC_LOGGERS = (
    "django.request",
    "django.security",
    "daphne",
    "twisted",
    "sessions_app.transport.channel",
)
"""Loggers whose lines anybody who reaches the port can cause."""
BURST = 10
"""How many lines of one kind may be written at once."""
REFILL_SECONDS = 6.0
"""Time until one more is allowed."""
INDENT = "    "
"""Before each line of a traceback, so that none of them looks like a log line."""

UTC = "%s,%03dZ"
"""Format of a time with its milliseconds."""

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class TextLineFormatter(logging.Formatter):
    """Formats a record as a line of text with its time in UTC; an indented traceback may follow."""

    converter = staticmethod(time.gmtime)
    default_msec_format = UTC

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- logging's name
        """Return the line, made safe to print."""
        record.message = loggable(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 -- logging's name
        """Return an indented traceback."""
        return _indented(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802 -- logging's name
        """Return an indented stack."""
        return _indented(super().formatStack(stack_info))


class JsonLineFormatter(JsonFormatter):
    """Formats a record as a JSON object on one line, with its time in UTC."""

    converter = staticmethod(time.gmtime)
    default_msec_format = UTC

    def format(self, record: logging.LogRecord) -> str:
        """Return the object; the escapes of JSON make it printable."""
        return without_secrets(super().format(record))


def loggable(text: str) -> str:
    """Return ``text`` without secrets and control codes."""
    return printable(without_secrets(text))


def _indented(text: str) -> str:
    return "\n".join(f"{INDENT}{loggable(line)}" for line in text.split("\n"))


class RequestFilter(logging.Filter):
    """Removes the request, and the traceback of a client's mistake, from a record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Remove them from the record; return True."""
        record.__dict__.pop("request", None)  # its repr contains its URL
        if getattr(record, "status_code", HTTPStatus.INTERNAL_SERVER_ERROR) < 500:
            record.exc_info = record.exc_text = None
        return True


class RateLimitFilter(logging.Filter):
    """Limits the rate of records of one kind that strangers can cause.

    The next record that passes says how many were dropped.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()
        self._kinds: dict[tuple[Any, ...], _Bucket] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record may be written."""
        if not record.name.startswith(PUBLIC_LOGGERS):
            return True
        # few kinds, whatever strangers send
        kind = (record.name, record.levelno, record.lineno, getattr(record, "status_code", None))
        with self._lock:
            bucket = self._kinds.setdefault(kind, _Bucket())
            passes, dropped = bucket.take(monotonic())
        if passes and dropped:
            record.msg = f"{record.getMessage()} (and {dropped} more like it)"
            record.args = None
        return passes


class _Bucket:
    def __init__(self) -> None:
        self._tokens = float(BURST)
        self._at = monotonic()
        self._dropped = 0

    def take(self, now: float) -> tuple[bool, int]:
        self._tokens = min(BURST, self._tokens + (now - self._at) / REFILL_SECONDS)
        self._at = now
        if self._tokens < 1:
            self._dropped += 1
            return False, 0
        self._tokens -= 1
        dropped, self._dropped = self._dropped, 0
        return True, dropped
