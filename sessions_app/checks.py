"""Checks of the settings, run by `manage.py check` and before the server starts."""

import re
from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as CheckWarning

from sessions_app.config import address_checks, certificates, conf

HOST = re.compile(r"\*|\.?[\w-]+(\.[\w-]+)*\.?|\[[0-9a-f:.]+\]", re.IGNORECASE)


def register_all() -> None:
    """Register all checks of settings with Django."""
    for check in (
        check_habla,
        check_keys,
        check_file_modes,
        check_environment,
        address_checks.check_database,
        address_checks.check_redis,
        address_checks.check_origins,
        address_checks.check_proxies,
        certificates.check_certificate,
    ):
        register(check)


def check_habla(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Name each of Habla's own variables that is wrong."""
    return [Error(str(mistake), id="habla.E001") for mistake in conf.mistakes()]


def check_keys(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn about a key that is sent to nobody."""
    if not conf.is_key_without_address():
        return []
    message = (
        "HABLA_LLM_KEY is sent to nobody, since nothing says which server it is for; with "
        "HABLA_LLM_URL or HABLA_LLM_PROFILE it would be right. A server that was merely found on "
        "this machine is sent no key."
    )
    return [CheckWarning(message, id="habla.W001")]


def check_file_modes(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Name what other users of this machine can read, because it could not be closed to them."""
    return [
        Error(str(open_one), id="habla.E006") for open_one in settings.MODE_RESTRICTION.left_open
    ]


def check_environment(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Name what was wrong while the settings were loaded, and hosts that no request can name."""
    problems = [Error(mistake, id="habla.E004") for mistake in settings.MISTAKES]
    wrong = [name for name in settings.ALLOWED_HOSTS if not HOST.fullmatch(name)]
    problems += [
        Error(
            f"ALLOWED_HOSTS holds {name!r}; a name or address alone would be right, such as "
            "habla.example.org, without https://, port or path.",
            id="habla.E005",
        )
        for name in wrong
    ]
    return [*problems]
