"""All checks in order, each reported as soon as it is done."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress

from django.conf import settings

from sessions_app.config import conf
from sessions_app.config.file_modes import database_files
from sessions_app.core.errors import SettingsError
from sessions_app.doctor import engines, keeping, machine
from sessions_app.doctor.finding import Finding


def examine(host: str, port: int) -> Iterator[Finding]:
    """Yield the findings of each check; the slow ones, of the engines, come last."""
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
    yield machine.examine_port(host, port)
    yield machine.examine_secure_context(settings.ALLOWED_HOSTS)
    yield machine.examine_libopus()
    yield machine.examine_esbuild()
    yield from _examine_engines()


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
