"""The old path of the errors of engines, for one release; the new one is ``engines.base``."""

import warnings
from typing import Any

from sessions_app.engines import base


def __getattr__(name: str) -> Any:
    value = getattr(base, name)
    message = f"{name} is imported from sessions_app.engines.base, not from {__name__} any more."
    warnings.warn(message, DeprecationWarning, stacklevel=2)
    return value
