"""Test writes to the database and the data directory: whether what is said can be stored."""

import asyncio
import errno
import logging
import os
import shutil
import tempfile
from pathlib import Path

from sessions_app.config.conf import recordings_dir
from sessions_app.core.descriptors import EXHAUSTED, is_exhaustion
from sessions_app.core.errors import StoreError
from sessions_app.live.registry import Registry
from sessions_app.store import servers
from sessions_app.store.database.outages import TAKES_NOTHING
from sessions_app.store.database.thread import database_thread
from sessions_app.store.database.write_behind import behind

logger = logging.getLogger(__name__)

EVERY_SECONDS = 5.0
"""How often a test write is made while all is well; each second while it is not."""
AGAIN_SECONDS = 1.0
LEAST_BYTES = 32 * 1024 * 1024
LEAST_PART = 0.01
"""With less free than LEAST_BYTES, and less than this part of the disk, a disk counts as full."""
PIECE = b"\0" * 4096
UNWRITABLE = "The data directory cannot be written."
FULL = "The disk of the data directory is full."


async def keep_probing_writes(registry: Registry) -> None:
    """Test again and again, until cancelled; what is wrong is noted in the registry's troubles."""
    while True:
        database, disk = await _trouble_of_database(), await _trouble_of_disk()
        registry.note_trouble("database", database)
        if registry.note_trouble("disk", disk) and disk:
            logger.error("%s", disk)
        await asyncio.sleep(AGAIN_SECONDS if database or disk else EVERY_SECONDS)


async def _trouble_of_database() -> str:
    try:
        await servers.probe_writing()
    except StoreError:  # the log has it
        return TAKES_NOTHING
    if not behind:  # writes that wait may need more room than the test write
        database_thread.outage.ended()
    return ""


async def _trouble_of_disk() -> str:
    return await asyncio.to_thread(trouble_of, recordings_dir().parent)


def trouble_of(directory: Path) -> str:
    """Return why the directory cannot be written; empty: it can. Blocks."""
    try:
        with tempfile.TemporaryFile(dir=directory, buffering=0) as file:
            file.write(PIECE)
            os.fsync(file.fileno())
        room = shutil.disk_usage(directory)
    except OSError as error:
        if is_exhaustion(error):
            return EXHAUSTED
        return FULL if error.errno in (errno.ENOSPC, errno.EDQUOT) else UNWRITABLE
    is_full = room.free < min(LEAST_BYTES, LEAST_PART * room.total)
    return FULL if is_full else ""
