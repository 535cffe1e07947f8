"""The app of recordings and playback. Its rooms come with the issue that builds them."""

from django.apps import AppConfig


class PlaybackConfig(AppConfig):
    name = "playback_app"
    verbose_name = "Recordings"
