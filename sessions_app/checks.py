"""Wrong settings, named by `manage.py check` and before the server starts."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from sessions_app import conf

NO_DATABASE = "django.db.backends.dummy"


@register()
def check_habla(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Name each of Habla's own variables that is wrong."""
    return [Error(str(mistake), id="habla.E001") for mistake in conf.mistakes()]


@register()
def check_addresses(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Name a database or Redis URL that cannot be one."""
    problems: list[CheckMessage] = []
    # where no engine could be read from the URL, Django has put its dummy in
    if settings.DATABASES["default"].get("ENGINE", NO_DATABASE) == NO_DATABASE:
        problems.append(
            Error(
                "DATABASE_URL names no database that Django knows and has the driver of; "
                "postgres://user:password@host:5432/name would be right.",
                id="habla.E002",
            )
        )
    redis = settings.REDIS_URL
    if redis and urlsplit(redis).scheme not in ("redis", "rediss", "unix"):
        problems.append(
            Error(
                "REDIS_URL is no Redis address; redis://host:6379/0 would be right.",
                id="habla.E003",
            )
        )
    return problems
