"""Checks of addresses: of the database, of Redis, of trusted origins and of HTTP proxies."""

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
"""The number of a Redis database, in a path."""
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


def check_database(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Name a DATABASE_URL that is not one, or has a parameter that its driver refuses."""
    # without an engine, which could not be read from the URL, Django takes its dummy
    if settings.DATABASES["default"].get("ENGINE", NO_DATABASE) == NO_DATABASE:
        message = (
            "DATABASE_URL names no database that Django knows and whose driver is installed; "
            "postgres://user:password@host:5432/name would be right."
        )
        return [Error(message, id="habla.E002")]
    if not has_parameters(connection):
        # the URL is not repeated: it may hold a password
        message = (
            "DATABASE_URL has no database name, or a parameter that its driver does not take; "
            "postgres://user:password@host:5432/name?connect_timeout=9 would be right."
        )
        return [Error(message, id="habla.E008")]
    return []


def has_parameters(database: BaseDatabaseWrapper) -> bool:
    """Return whether the driver accepts its parameters; the database itself is not asked."""
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
    """Let libpq parse the parameters.

    Raises:
        ValueError: it does not accept one of them.
    """
    from psycopg import ProgrammingError, conninfo  # noqa: PLC0415 -- needed for PostgreSQL only

    of_psycopg = ("cursor_factory", "context", "prepare_threshold", "autocommit")
    given = {name: value for name, value in parameters.items() if name not in of_psycopg}
    try:
        conninfo.make_conninfo(**given)
        conninfo.timeout_from_conninfo(given)
    except ProgrammingError as error:
        raise ValueError("a parameter that libpq does not accept") from error


def check_redis(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Name a REDIS_URL that is not one."""
    if not settings.REDIS_URL or _is_redis(settings.REDIS_URL):
        return []
    message = "REDIS_URL is no Redis address; redis://host:6379/0 would be right."
    return [Error(message, id="habla.E003")]


def _is_redis(url: str) -> bool:
    from redis.connection import parse_url  # noqa: PLC0415 -- slow, and rarely needed

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
    """Name origins that no browser sends, and over which Django would fail at every form."""
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
    """Name the environment's proxies if the HTTP client would fail over one of them."""
    named = [name for name in PROXIES if os.environ.get(name) or os.environ.get(name.lower())]
    if not named:
        return []
    import httpx  # noqa: PLC0415 -- slow, and most have no proxy

    try:
        httpx.Client().close()
        for scheme, proxy in urllib.request.getproxies_environment().items():
            if scheme in ("http", "https", "all"):  # httpx reads no others
                # httpx would notice an impossible port only when it connects
                _ = urlsplit(proxy if "://" in proxy else f"http://{proxy}").port
    except (ValueError, TypeError, ImportError, httpx.InvalidURL):
        message = (
            f"{' or '.join(named)} cannot be used; http://host:3128, and for NO_PROXY names of "
            "hosts with commas between, would be right."
        )
        return [Error(message, id="habla.E009")]
    return []
