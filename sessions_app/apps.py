"""The app of live sessions."""

from django.apps import AppConfig


class SessionsConfig(AppConfig):
    name = "sessions_app"
    verbose_name = "Conversations"

    def ready(self) -> None:
        """Register the checks."""
        from sessions_app import checks  # noqa: F401, PLC0415 -- models must be loaded first
