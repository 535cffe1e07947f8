"""Reading settings again while the server runs, from `habla.env` in the data directory."""

import os
from dataclasses import replace
from pathlib import Path

from django.conf import settings

from sessions_app.config import conf, env_file
from sessions_app.config.variables import Conf
from sessions_app.core.errors import SettingsError

LIVE = {name: setting for name, setting in conf.OUR_SETTINGS.items() if setting.is_live}
"""What takes effect at once, for new sessions and at shutdown. All others take a restart."""


def reload_settings(before: Conf, directory: Path) -> Conf:
    """Return ``before`` with the values that the settings of LIVE have now.

    They are read from the file in ``directory``; the real environment has the last word, as ever.

    Raises:
        SettingsError: one is wrong; nothing has changed.
    """
    if mistakes := env_file.env_file_mistakes(directory):
        raise SettingsError(mistakes[0], variable=env_file.NAME)
    for name in settings.HABLA_FROM_FILE:
        os.environ.pop(name, None)
    settings.HABLA_FROM_FILE = env_file.read_env_file(directory)
    old, env = settings.HABLA, env_file.Environment()
    settings.HABLA = {**old, **env.texts(LIVE.values())}
    try:
        now = conf.read()
    except SettingsError:
        settings.HABLA = old
        raise
    return replace(before, **{name: getattr(now, name) for name in LIVE})


def changes(before: Conf, after: Conf) -> list[str]:
    """Return one message for each setting that is different, by its variable."""
    return [
        f"{setting.variable} is now {getattr(after, name)}"
        for name, setting in LIVE.items()
        if getattr(before, name) != getattr(after, name)
    ]
