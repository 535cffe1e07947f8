"""All checks in order, each told as soon as it is done."""

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
    """Yield what each check finds; the slow ones, the engines, come last."""
    yield machine.check_python()
    yield from keeping.check_settings()
    data_directory = conf.data_dir()
    yield machine.check_data_directory(data_directory)
    yield machine.check_file_modes(data_directory, database_files(settings.DATABASES["default"]))
    yield machine.check_disk(data_directory)
    yield keeping.check_database()
    yield keeping.check_deletions()
    if settings.REDIS_URL:
        yield keeping.check_redis(settings.REDIS_URL)
    with suppress(SettingsError):  # told already, among the settings
        yield machine.check_descriptors(conf.read().max_sessions)
    yield machine.check_port(host, port)
    yield machine.check_secure_context(settings.ALLOWED_HOSTS)
    yield machine.check_libopus()
    yield from _examine_engines()


def _examine_engines() -> Iterator[Finding]:
    try:
        wanted = conf.read().engines
    except SettingsError:
        return  # told already, among the settings
    yield engines.check_apertium(wanted)
    yield engines.check_models(wanted)
    yield engines.check_hub(wanted)
    for kind in ("detector", "transcriber", "translator"):
        yield asyncio.run(engines.check_engine(wanted, kind))
