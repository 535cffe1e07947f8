"""The app of live sessions."""

import gc

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_delete, pre_delete


class SessionsConfig(AppConfig):
    name = "sessions_app"
    verbose_name = "Conversations"

    def ready(self) -> None:
        """Register the checks and what sessions plug in; let files go with their row."""
        from sessions_app import checks  # noqa: PLC0415 -- models must be loaded first
        from sessions_app.bus import notify  # noqa: PLC0415 -- likewise
        from sessions_app.extensions import register  # noqa: PLC0415 -- likewise
        from sessions_app.recording import deletions  # noqa: PLC0415 -- likewise
        from sessions_app.server.extension import EXTENSION  # noqa: PLC0415 -- likewise
        from sessions_app.store.database import query_limits  # noqa: PLC0415 -- likewise

        checks.register_all()
        register(EXTENSION)
        connection_created.connect(query_limits.limit_idle_transactions)
        notify.notify_when_logins_end()
        notify.notify_when_names_change()
        recording = self.get_model("Recording")
        pre_delete.connect(deletions.note_unheard_utterances, sender=recording)
        post_delete.connect(deletions.delete_files_with_row, sender=recording)
        _collect_garbage()


def _collect_garbage() -> None:
    """Collect garbage from here on, but never look through what was imported: it stays.

    manage.py had that off, which makes importing an eighth shorter.
    """
    gc.freeze()
    gc.enable()
