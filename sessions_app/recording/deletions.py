"""Sound that is to be deleted: noted with the row that goes, done where the files lie.

Whoever deletes a row may be a process that does not see its files. So each row that goes, by
whatever way, leaves another (`DeletedSound`) in the same transaction; it stays until the files are
gone, whatever dies meanwhile. Processes look every second for those that lie with them.
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
from sessions_app.store.database.thread import database_thread

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 4.0
"""How long to wait for a process that serves: until it looks, and a moment for its disk."""
POLL_SECONDS = 0.05
AT_ONCE = 200
"""How many recordings are cleared away at one look."""
UNKNOWN_DAYS = 30
"""How long files are looked for of which it was never known where they lie."""


# --- what is noted when a row goes


def delete_with_row(instance: Any, **_: Any) -> None:
    """Let the files of a recording go whose row is being deleted, once that is final."""
    recording: Recording = instance
    if not recording.bytes and recording.state != RecordingState.RECORDING:
        return  # nothing was ever kept
    key, directory = recording.pk, recording.directory
    row = DeletedSound(recording_id=key, directory=directory)
    DeletedSound.objects.bulk_create([row], ignore_conflicts=True)
    # an error there is logged, and whoever looks does it again
    transaction.on_commit(partial(_delete_now, key, directory), robust=True)


def _delete_now(recording_id: UUID, directory: str) -> None:
    if recordings_directory.is_here(directory):
        _forget(_erase([(recording_id, directory)], set()))


# --- what is done where the files lie


async def keep_deleting(record_in: Callable[[str], None]) -> None:
    """Delete what others let go and what was not finished, again and again, until cancelled.

    ``record_in`` is told the id of the directory in which recordings lie: another may have been
    mounted there since.
    """
    failed: set[UUID] = set()
    with notify.heard() as news:
        while True:
            news.clear()
            directory = await asyncio.to_thread(recordings_directory.id_or_none)
            record_in(directory)
            with suppress(StoreError):  # whoever looks after the rows tells that
                await _look(directory, failed)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await news.wait()


async def _look(directory: str, failed: set[UUID]) -> None:
    found = await database_thread.run(_found, directory)
    if found:
        gone = await asyncio.to_thread(_erase, found, failed)
        await database_thread.run(_forget, gone)


def _found(directory: str) -> list[tuple[UUID, str]]:
    rows = DeletedSound.objects.filter(directory__in=("", directory))
    found = list(rows.values_list("recording_id", "directory")[:AT_ONCE])
    if any(not place for _, place in found):
        _forget_unknown()
    return found


def _erase(doomed: Iterable[tuple[UUID, str]], failed: set[UUID]) -> list[UUID]:
    """Delete the files of recordings; return of which that is done. What fails is told once."""
    gone = []
    for recording_id, directory in doomed:
        try:
            lay_here = files.erase(recording_id)
        except OSError as error:
            if recording_id not in failed:
                logger.warning("recording %s: its files are not deleted: %s", recording_id, error)
            failed.add(recording_id)
        else:
            gone += [recording_id] if lay_here or directory else []
    return gone


def _forget(recording_ids: Iterable[UUID]) -> None:
    DeletedSound.objects.filter(recording_id__in=list(recording_ids)).delete()


def _forget_unknown() -> None:
    """Give up on files that nobody found for UNKNOWN_DAYS.

    Should they turn up, the next start there sweeps what no row knows of.
    """
    since = clock.earliest() - timedelta(days=UNKNOWN_DAYS)
    DeletedSound.objects.filter(directory="", deleted_at__lt=since).delete()


# --- what is told of it


def waiting(recording_ids: Iterable[UUID] | None = None) -> Any:
    """Return the rows of what is not deleted yet, of these recordings or of all. Blocks if read."""
    rows = DeletedSound.objects.all()
    return rows if recording_ids is None else rows.filter(pk__in=list(recording_ids))


def are_gone(recording_ids: Iterable[UUID], seconds: float = PATIENCE_SECONDS) -> bool:
    """Return whether the files of deleted recordings are gone, having waited for who has them.

    A process that does not serve is not waited for. Blocks.
    """
    left = waiting(recording_ids)
    if not left.exists():
        return True
    notify.rows_changed()
    serving = Server.objects.filter(directory=OuterRef("directory"))
    deadline = time.monotonic() + seconds
    while left.filter(Exists(serving)).exists() and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)  # another process does it, and tells by the row
    return not left.exists()


def recordings_of(**owner: UUID) -> list[UUID]:
    """Return the recordings that go with what is deleted: ``session=ID``, and the like. Blocks."""
    return list(Recording.objects.filter(**owner).values_list("pk", flat=True))
