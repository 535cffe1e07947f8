"""Which records are worth a line in the log."""

import logging
from http import HTTPStatus


def is_worth_a_line(record: logging.LogRecord) -> bool:
    """Return False for 503: whoever polls a server that is not ready does so every second."""
    return getattr(record, "status_code", None) != HTTPStatus.SERVICE_UNAVAILABLE
