"""A module that imports what there is not."""

from sessions_app.engines.base import EngineEror  # type: ignore[attr-defined]  # noqa: F401
