"""The app of recordings and playback."""

from django.apps import AppConfig


class PlaybackConfig(AppConfig):
    name = "playback_app"
    verbose_name = "Recordings"

    def ready(self) -> None:
        """Register the extension of playback."""
        from playback_app.extension import EXTENSION  # noqa: PLC0415 -- needs the tables
        from sessions_app.extensions import register  # noqa: PLC0415 -- likewise

        register(EXTENSION)
