"""The app of live sessions."""

import functools

from django.apps import AppConfig
from django.db.models.signals import post_delete


class SessionsConfig(AppConfig):
    name = "sessions_app"
    verbose_name = "Conversations"

    def ready(self) -> None:
        """Register the checks; let files go with their row; let servers read the idioms."""
        from sessions_app import (  # noqa: PLC0415 -- models must be loaded first
            address_checks,  # noqa: F401
            checks,  # noqa: F401
            deletions,
            nudge,
        )
        from sessions_app.naming import keep_names  # noqa: PLC0415 -- likewise
        from sessions_app.own_idioms import read_at_start, reread  # noqa: PLC0415 -- likewise
        from sessions_app.registry import live  # noqa: PLC0415 -- likewise
        from sessions_app.reloading import reload_also  # noqa: PLC0415 -- likewise

        nudge.when_logins_end()
        nudge.when_names_change()
        recording = self.get_model("Recording")
        post_delete.connect(deletions.delete_with_row, sender=recording)
        reload_also(reread)
        live.chores["deletions"] = functools.partial(deletions.keep_deleting, live)
        live.chores["names"] = functools.partial(keep_names, live)
        live.chores["idioms"] = functools.partial(read_at_start, live)
