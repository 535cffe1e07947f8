"""The app of live sessions."""

from django.apps import AppConfig
from django.db.models.signals import post_delete


class SessionsConfig(AppConfig):
    name = "sessions_app"
    verbose_name = "Conversations"

    def ready(self) -> None:
        """Register the checks; let the files of a recording go with its row."""
        from sessions_app import (  # noqa: PLC0415 -- models must be loaded first
            checks,  # noqa: F401
            sound_files,
        )

        recording = self.get_model("Recording")
        post_delete.connect(sound_files.remove_with_row, sender=recording)
