"""The old path of what engines take and give, for one release; the new one is ``engines.base``."""

from typing import Any

from sessions_app.engines.old_paths import moved


def __getattr__(name: str) -> Any:
    return moved(name, __name__)
