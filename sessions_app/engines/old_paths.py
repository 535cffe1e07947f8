"""What is still found by the path that it had in the last release, with a warning."""

import logging
import warnings
from functools import cache
from typing import Any

from sessions_app.engines import base

logger = logging.getLogger(__name__)


def moved(name: str, module: str) -> Any:
    """Return what ``base`` calls ``name``, for the ``__getattr__`` of the old ``module``.

    Raises:
        AttributeError: there is no such name.
    """
    value = getattr(base, name)
    message = (
        f"{name} is imported from sessions_app.engines.base, not from {module} any more: that "
        "goes on working until 0.2.0."
    )
    warnings.warn(message, DeprecationWarning, stacklevel=3)
    log_once(message)  # a DeprecationWarning is shown to nobody but tests
    return value


@cache
def log_once(message: str) -> None:
    """Log ``message`` as a warning, the first time in this process."""
    logger.warning("%s", message)
