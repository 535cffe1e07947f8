"""Settings that may change while a server runs: read again from the file in the data directory."""

import os
from dataclasses import replace
from pathlib import Path

from django.conf import settings

from sessions_app.config import conf, env_file
from sessions_app.config.conf import Conf
from sessions_app.core.errors import SettingsError

LIVE = ("MAX_SESSIONS", "MAX_SESSIONS_PER_USER", "DRAIN_SECONDS", "QUIT_SECONDS", "SILENCE_SECONDS")
"""What new sessions, and the end, go by as soon as it is read. All else takes a new start."""


def reload_settings(before: Conf, directory: Path) -> Conf:
    """Return ``before`` with those of LIVE that the file in the data directory now says.

    The real environment has the last word, as at the start.

    Raises:
        SettingsError: one is wrong; nothing has changed.
    """
    if mistakes := env_file.mistakes(directory):
        raise SettingsError(mistakes[0], variable=env_file.NAME)
    for name in settings.HABLA_FROM_FILE:
        os.environ.pop(name, None)
    settings.HABLA_FROM_FILE = env_file.read(directory)
    old, env = settings.HABLA, env_file.Environment()
    defaults = settings.HABLA_DEFAULTS
    new = {name: env.str(f"HABLA_{name}", default=defaults[name]) for name in LIVE}
    settings.HABLA = {**old, **new}
    try:
        now = conf.read()
    except SettingsError:
        settings.HABLA = old
        raise
    return replace(
        before,
        max_sessions=now.max_sessions,
        max_sessions_per_user=now.max_sessions_per_user,
        drain_seconds=now.drain_seconds,
        quit_seconds=now.quit_seconds,
        silence_seconds=now.silence_seconds,
    )


def changes(before: Conf, after: Conf) -> list[str]:
    """Return what is different, by the names of the variables."""
    return [
        f"HABLA_{name} is now {getattr(after, name.lower())}"
        for name in LIVE
        if getattr(before, name.lower()) != getattr(after, name.lower())
    ]
