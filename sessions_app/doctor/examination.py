"""All checks in order, each reported as soon as it is done."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

from django.conf import settings

from sessions_app.config import conf
from sessions_app.config.file_modes import database_files
from sessions_app.core.errors import SettingsError
from sessions_app.core.listening import Listening
from sessions_app.doctor import engines, keeping, machine, network
from sessions_app.doctor.finding import Finding


def examine(wanted: Listening) -> Iterator[Finding]:
    """Yield the findings of each check of a server at ``wanted``; the slow ones come last."""
    yield machine.examine_python()
    yield from keeping.examine_settings()
    data_directory = conf.data_dir()
    yield machine.examine_data_directory(data_directory)
    yield machine.examine_file_modes(data_directory, database_files(settings.DATABASES["default"]))
    yield machine.examine_disk(data_directory)
    yield keeping.examine_database()
    yield keeping.examine_deletions()
    if settings.REDIS_URL:
        yield keeping.examine_redis(settings.REDIS_URL)
    with suppress(SettingsError):  # reported already, among the settings
        yield machine.examine_descriptors(conf.read().max_sessions)
    yield from _examine_network(wanted)
    yield machine.examine_libopus()
    yield machine.examine_esbuild()
    yield from _examine_engines()


def _examine_network(wanted: Listening) -> Iterator[Finding]:
    yield network.examine_names(wanted.host)
    yield machine.examine_port(wanted.host, wanted.port, "--port")
    if wanted.plain_port is not None:
        yield machine.examine_port(wanted.host, wanted.plain_port, "--plain-port")
    with suppress(SettingsError):
        found = conf.read()
        yield network.examine_certificate(found, wanted.host, datetime.now(UTC))
        yield network.examine_proxy(settings.CSRF_TRUSTED_ORIGINS, found)
    yield machine.examine_secure_context(settings.ALLOWED_HOSTS, is_https=wanted.scheme == "https")


def _examine_engines() -> Iterator[Finding]:
    try:
        wanted = conf.read().engines
    except SettingsError:
        return  # reported already, among the settings
    yield engines.examine_apertium(wanted)
    yield engines.examine_models(wanted)
    yield engines.examine_hub(wanted)
    for kind in ("detector", "transcriber", "translator"):
        yield asyncio.run(engines.examine_engine(wanted, kind))
