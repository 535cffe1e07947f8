"""Deletion of recorded sound: requested when a row is deleted, done where its files are.

The process that deletes a recording's row may have no access to its files. So whenever such a row
is deleted, another one (`DeletedSound`) is written in the same transaction; it stays until the
files are deleted, whatever crashes meanwhile. Each process looks every second for those whose files
it can reach.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from sessions_app.bus import notify
from sessions_app.bus.notify import LOOK_SECONDS
from sessions_app.config import recordings_directory
from sessions_app.core.errors import StoreError
from sessions_app.core.steady_clock import clock
from sessions_app.models import DeletedSound, Recording, RecordingState, Server
from sessions_app.recording import files
from sessions_app.store import catch_up_requests
from sessions_app.store.database.thread import on_database_thread

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 4.0
"""How long to wait for another process: until it looks, and a moment for its disk."""
POLL_SECONDS = 0.05
AT_ONCE = 200
"""How many recordings are deleted at one look."""
UNKNOWN_DAYS = 30
"""How long files are looked for whose directory was never known."""


# --- when a row is deleted


def note_unheard_utterances(instance: Any, **_: Any) -> None:
    """Note how many utterances of a recording that is being deleted were never transcribed."""
    catch_up_requests.note_unheard(instance)


def delete_files_with_row(instance: Any, **_: Any) -> None:
    """Delete the files of a recording whose row is being deleted, once that is committed."""
    recording: Recording = instance
    if not recording.bytes and recording.state != RecordingState.RECORDING:
        return  # nothing was ever kept
    key, directory = recording.pk, recording.directory
    row = DeletedSound(recording_id=key, directory=directory)
    DeletedSound.objects.bulk_create([row], ignore_conflicts=True)
    # an error there is logged; `keep_deleting` tries again
    transaction.on_commit(partial(_delete_now, key, directory), robust=True)


def _delete_now(recording_id: UUID, directory: str) -> None:
    if recordings_directory.is_here(directory):
        _delete_rows(_delete([(recording_id, directory)], set()))


# --- where the files are


async def keep_deleting(record_in: Callable[[str], None]) -> None:
    """Delete requested files that are here, every LOOK_SECONDS, until cancelled.

    ``record_in`` is called with the id of the recordings directory: another one may have been
    mounted there since.
    """
    failed: set[UUID] = set()
    with notify.row_changes() as news:
        while True:
            news.clear()
            directory = await asyncio.to_thread(recordings_directory.id_or_none)
            record_in(directory)
            with suppress(StoreError):  # that the database is unavailable is reported elsewhere
                await _look(directory, failed)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await news.wait()


async def _look(directory: str, failed: set[UUID]) -> None:
    found = await _found(directory)
    if found:
        gone = await asyncio.to_thread(_delete, found, failed)
        await on_database_thread(_delete_rows)(gone)


@on_database_thread
def _found(directory: str) -> list[tuple[UUID, str]]:
    rows = DeletedSound.objects.filter(directory__in=("", directory))
    found = list(rows.values_list("recording_id", "directory")[:AT_ONCE])
    if any(not place for _, place in found):
        _delete_unknown()
    return found


def _delete(requested: Iterable[tuple[UUID, str]], failed: set[UUID]) -> list[UUID]:
    """Delete the files of recordings; return those that are done. A failure is logged once."""
    gone = []
    for recording_id, directory in requested:
        try:
            were_here = files.delete(recording_id)
        except OSError as error:
            if recording_id not in failed:
                logger.warning(
                    "recording %s: its files could not be deleted: %s", recording_id, error
                )
            failed.add(recording_id)
        else:
            gone += [recording_id] if were_here or directory else []
    return gone


def _delete_rows(recording_ids: Iterable[UUID]) -> None:
    DeletedSound.objects.filter(recording_id__in=list(recording_ids)).delete()


def _delete_unknown() -> None:
    """Give up on files that no process found for UNKNOWN_DAYS.

    Should they turn up, the next start there deletes them as orphans.
    """
    since = clock.earliest() - timedelta(days=UNKNOWN_DAYS)
    DeletedSound.objects.filter(directory="", deleted_at__lt=since).delete()


# --- the state of deletions


def pending_deletions(recording_ids: Iterable[UUID] | None = None) -> Any:
    """Return the pending deletions, of these recordings or of all, as a query set."""
    rows = DeletedSound.objects.all()
    return rows if recording_ids is None else rows.filter(pk__in=list(recording_ids))


def are_deleted(recording_ids: Iterable[UUID], seconds: float = PATIENCE_SECONDS) -> bool:
    """Return whether the files are deleted, after waiting for the process that can reach them.

    A process that does not serve is not waited for. Blocks.
    """
    left = pending_deletions(recording_ids)
    if not left.exists():
        return True
    notify.rows_changed()
    serving = Server.objects.filter(directory=OuterRef("directory"))
    deadline = time.monotonic() + seconds
    while left.filter(Exists(serving)).exists() and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)  # another process does it, and then deletes the row
    return not left.exists()


def recordings_deleted_with(**owner: UUID) -> list[UUID]:
    """Return the recordings that a deletion takes along: ``session=ID``, or the like. Blocks."""
    return list(Recording.objects.filter(**owner).values_list("pk", flat=True))
