"""Retention: a serving process deletes once a day recordings that exceed age or total size."""

import asyncio
import logging

from django.db import DatabaseError, connections

from playback_app.library import GIGABYTE, Limits, plan_pruning, prune
from sessions_app.config import conf

logger = logging.getLogger(__name__)

DAY_SECONDS = 86_400.0


def limits() -> Limits:
    """Return the limits in the settings."""
    settings = conf.read()
    return Limits(settings.keep_recordings_days, settings.keep_recordings_gb)


async def prune_daily() -> None:
    """Prune now and every day, until cancelled; without limits do nothing."""
    if limits() == Limits():
        return
    while True:
        await asyncio.to_thread(_prune)
        await asyncio.sleep(DAY_SECONDS)


def _prune() -> None:
    try:
        gone = prune(plan_pruning(limits()))
    except (DatabaseError, OSError):
        logger.exception("recordings were not pruned; tomorrow again")
        return
    finally:
        connections.close_all()  # this thread's; they would stay open until the process ends
    if gone:
        freed = sum(recording.bytes for recording in gone) / GIGABYTE
        logger.info("%d recordings pruned, %.3f GB", len(gone), freed)
