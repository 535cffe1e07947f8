"""Which records are logged."""

import logging
from http import HTTPStatus


def is_worth_a_line(record: logging.LogRecord) -> bool:
    """Return False for 503: monitoring that polls a server that is not ready gets one a second."""
    return getattr(record, "status_code", None) != HTTPStatus.SERVICE_UNAVAILABLE
