"""Settings that may change while a server runs: read again from the file in the data directory."""

import os
from dataclasses import replace
from pathlib import Path

from django.conf import settings

from sessions_app.config import conf, env_file
from sessions_app.config.variables import Conf
from sessions_app.core.errors import SettingsError

LIVE = {name: setting for name, setting in conf.OUR_SETTINGS.items() if setting.is_live}
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
    settings.HABLA = {**old, **env.texts(LIVE.values())}
    try:
        now = conf.read()
    except SettingsError:
        settings.HABLA = old
        raise
    return replace(before, **{name: getattr(now, name) for name in LIVE})


def changes(before: Conf, after: Conf) -> list[str]:
    """Return what is different, by the names of the variables."""
    return [
        f"{setting.variable} is now {getattr(after, name)}"
        for name, setting in LIVE.items()
        if getattr(before, name) != getattr(after, name)
    ]
