"""The app of recordings and playback."""

from django.apps import AppConfig


class PlaybackConfig(AppConfig):
    name = "playback_app"
    verbose_name = "Recordings"

    def ready(self) -> None:
        """Teach sessions the commands of playback, and servers to look after it and to prune."""
        from playback_app.commands import teach_sessions  # noqa: PLC0415 -- needs the tables
        from playback_app.pruning import prune_daily  # noqa: PLC0415 -- likewise
        from playback_app.service import look  # noqa: PLC0415 -- likewise
        from sessions_app.live.registry import live  # noqa: PLC0415 -- likewise
        from sessions_app.server.heartbeat import look_also  # noqa: PLC0415 -- likewise

        teach_sessions()
        look_also(look)
        live.chores["pruning"] = prune_daily
