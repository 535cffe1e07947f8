"""The app of live sessions."""

import functools

from django.apps import AppConfig
from django.db.models.signals import post_delete


class SessionsConfig(AppConfig):
    name = "sessions_app"
    verbose_name = "Conversations"

    def ready(self) -> None:
        """Register the checks; let files go with their row; let servers read the idioms."""
        from sessions_app.bus import notify  # noqa: PLC0415 -- models must be loaded first
        from sessions_app.config.reloading import reload_also  # noqa: PLC0415 -- likewise
        from sessions_app.live.registry import live  # noqa: PLC0415 -- likewise
        from sessions_app.recording import deletions  # noqa: PLC0415 -- models must be loaded first
        from sessions_app.server.owner_idioms import read_at_start, reload_idioms  # noqa: PLC0415 -- likewise
        from sessions_app.server.renaming import keep_names  # noqa: PLC0415 -- likewise

        notify.when_logins_end()
        notify.when_names_change()
        recording = self.get_model("Recording")
        post_delete.connect(deletions.delete_with_row, sender=recording)
        reload_also(reload_idioms)
        live.chores["deletions"] = functools.partial(deletions.keep_deleting, live.record_in)
        live.chores["names"] = functools.partial(keep_names, live)
        live.chores["idioms"] = functools.partial(read_at_start, live)
