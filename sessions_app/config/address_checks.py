"""Whether the addresses of the database, of Redis, of origins and of proxies can be such."""

import os
import re
import sqlite3
import urllib.request
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from django.db.backends.base.base import BaseDatabaseWrapper

from sessions_app.engines.server_address import is_server_address

NO_DATABASE = "django.db.backends.dummy"
NUMBER = re.compile(r"(/\d*)?", re.ASCII)
"""Of a database of Redis."""
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


def check_database(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Name a DATABASE_URL that cannot be one, or has a parameter that its driver refuses."""
    # where no engine could be read from the URL, Django has put its dummy in
    if settings.DATABASES["default"].get("ENGINE", NO_DATABASE) == NO_DATABASE:
        message = (
            "DATABASE_URL names no database that Django knows and has the driver of; "
            "postgres://user:password@host:5432/name would be right."
        )
        return [Error(message, id="habla.E002")]
    if not has_parameters(connection):
        # what stands there is not repeated: it may hold a password
        message = (
            "DATABASE_URL has no name of a database, or a parameter that its driver does not take; "
            "postgres://user:password@host:5432/name?connect_timeout=9 would be right."
        )
        return [Error(message, id="habla.E008")]
    return []


def has_parameters(database: BaseDatabaseWrapper) -> bool:
    """Return whether the driver takes all that it would be given; the database is not asked."""
    try:
        parameters = database.get_connection_params()
        if database.vendor == "sqlite":
            sqlite3.connect(**parameters | {"database": ":memory:", "uri": False}).close()
        elif database.vendor == "postgresql":
            _try_of_postgresql(parameters)
    except (DatabaseError, sqlite3.Error, ImproperlyConfigured, TypeError, ValueError):
        return False
    return True


def _try_of_postgresql(parameters: dict[str, Any]) -> None:
    """Give libpq the parameters.

    Raises:
        ValueError: it does not take one.
    """
    from psycopg import ProgrammingError, conninfo  # noqa: PLC0415 -- the driver of one alone

    of_psycopg = ("cursor_factory", "context", "prepare_threshold", "autocommit")
    given = {name: value for name, value in parameters.items() if name not in of_psycopg}
    try:
        conninfo.make_conninfo(**given)
        conninfo.timeout_from_conninfo(given)
    except ProgrammingError as error:
        raise ValueError("a parameter that libpq does not take") from error


def check_redis(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Name a REDIS_URL that cannot be one."""
    if not settings.REDIS_URL or _is_redis(settings.REDIS_URL):
        return []
    message = "REDIS_URL is no Redis address; redis://host:6379/0 would be right."
    return [Error(message, id="habla.E003")]


def _is_redis(url: str) -> bool:
    from redis.connection import parse_url  # noqa: PLC0415 -- heavy, and rarely there

    try:
        parse_url(url)  # type: ignore[no-untyped-call]
        parts = urlsplit(url)
    except (ValueError, TypeError):
        return False
    if parts.scheme == "unix":
        return url.isprintable() and bool(parts.path)
    is_address = is_server_address(f"http:{url.partition(':')[2]}")
    return is_address and NUMBER.fullmatch(parts.path) is not None


def check_origins(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Name origins that no browser sends, and at which Django would break at each form."""
    return [
        Error(
            f"CSRF_TRUSTED_ORIGINS holds {origin!r}; one like https://habla.example.org, without a "
            "path, would be right.",
            id="habla.E007",
        )
        for origin in settings.CSRF_TRUSTED_ORIGINS
        if not _is_origin(origin)
    ]


def _is_origin(origin: str) -> bool:
    scheme, _, place = origin.partition("://")
    is_place_alone = not re.search("[/?#@]", place)
    return is_place_alone and is_server_address(f"{scheme}://{place.removeprefix('*.')}")


def check_proxies(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Name the environment's proxies where the client of HTTP breaks at one of them."""
    named = [name for name in PROXIES if os.environ.get(name) or os.environ.get(name.lower())]
    if not named:
        return []
    import httpx  # noqa: PLC0415 -- heavy, and most have no proxy

    try:
        httpx.Client().close()
        for scheme, proxy in urllib.request.getproxies_environment().items():
            if scheme in ("http", "https", "all"):  # httpx reads no others
                # a port that there cannot be is found by httpx when it calls there
                _ = urlsplit(proxy if "://" in proxy else f"http://{proxy}").port
    except (ValueError, TypeError, ImportError, httpx.InvalidURL):
        message = (
            f"{' or '.join(named)} is none that can be asked; http://host:3128, and names of hosts "
            "with commas between, would be right."
        )
        return [Error(message, id="habla.E009")]
    return []
