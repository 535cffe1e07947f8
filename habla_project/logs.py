"""What is worth a line in the log."""

import logging
from http import HTTPStatus


def is_worth_a_line(record: logging.LogRecord) -> bool:
    """Return False for "not ready yet": whoever asks is answered, and asks again every second."""
    return getattr(record, "status_code", None) != HTTPStatus.SERVICE_UNAVAILABLE
