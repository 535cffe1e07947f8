"""The app of recordings and playback."""

from django.apps import AppConfig


class PlaybackConfig(AppConfig):
    name = "playback_app"
    verbose_name = "Recordings"

    def ready(self) -> None:
        """Teach sessions the commands of playback."""
        from playback_app.commands import teach_sessions  # noqa: PLC0415 -- needs the tables

        teach_sessions()
