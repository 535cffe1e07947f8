"""Checks of what keeps data: settings, database, deleted sound and Redis."""

from urllib.parse import urlsplit

import redis
from django.core.checks import Error, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.exceptions import MigrationSchemaMissing
from django.db.migrations.executor import MigrationExecutor

from sessions_app.doctor.finding import Finding, broken, fine, warning
from sessions_app.recording import deletions
from sessions_app.store.database.outages import reason_of
from sessions_app.store.servers import write_probe

ANSWER_SECONDS = 3.0


def examine_settings() -> list[Finding]:
    """Run Django's checks, which include ours; return what they report."""
    try:
        complaints = run_checks()
    except ImproperlyConfigured as error:
        return [broken("settings", str(error))]
    wrong = [complaint for complaint in complaints if complaint.level >= Error("").level]
    if not wrong:
        return [fine("settings", "are understood")]
    return [broken("settings", complaint.msg, complaint.hint or "") for complaint in wrong]


def examine_database() -> Finding:
    """Check whether the database answers, can be written, and has all its tables."""
    try:
        executor = MigrationExecutor(connection)
        missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except (DatabaseError, MigrationSchemaMissing, ImproperlyConfigured):
        message = f"The database ({connection.vendor}) does not answer."
        return broken("database", message, "Check DATABASE_URL, and that the database runs.")
    if missing:
        message = f"{missing} migration{'s are' if missing > 1 else ' is'} not applied."
        return broken("database", message, "python manage.py migrate")
    try:
        write_probe()
    except DatabaseError as error:
        message = f"The database ({connection.vendor}) cannot be written: {reason_of(error)}."
        return broken("database", message, "Check for a full disk, a lock, or missing permissions.")
    return fine("database", f"{connection.vendor}, all migrations applied, writable")


def examine_deletions() -> Finding:
    """Check whether the files of deleted recordings are gone."""
    try:
        count = deletions.pending_deletions().count()
    except (DatabaseError, ImproperlyConfigured):  # reported already, for the database
        return warning("deleted sound", "It cannot be checked.")
    if not count:
        return fine("deleted sound", "is gone")
    message = f"The files of {count} deleted recordings are still there."
    mend = "Start the server in whose data directory they lie: it deletes them."
    return warning("deleted sound", message, mend)


def examine_redis(url: str) -> Finding:
    """Check whether Redis answers at ``url``."""
    where = urlsplit(url).hostname or "its socket"
    try:
        client = redis.Redis.from_url(
            url, socket_connect_timeout=ANSWER_SECONDS, socket_timeout=ANSWER_SECONDS
        )
        with client:
            client.ping()
    except (redis.RedisError, OSError, ValueError):
        mend = "Check REDIS_URL, and that Redis runs; without REDIS_URL one process needs none."
        return broken("Redis", f"Redis does not answer at {where}.", mend)
    return fine("Redis", f"answers at {where}")
