"""Recovery of recordings that servers left unfinished when they died, and deletion of orphans."""

import asyncio
import logging
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TypeVar

from sessions_app.config import recordings_directory
from sessions_app.core.audio import SAMPLE_BYTES, Encoding, to_seconds
from sessions_app.core.errors import DecodeError, EngineError, StoreError
from sessions_app.core.steady_clock import clock
from sessions_app.engines.containers.wav import HEADER_BYTES
from sessions_app.engines.decoding.media_files import decode_file
from sessions_app.recording import files, sidecars
from sessions_app.recording.recording_file import fill_gaps, locked, rename_into_place, repair
from sessions_app.store import ownership, recordings, resumptions
from sessions_app.store.recording_facts import Unfinished
from sessions_app.store.recordings import QUIET_SECONDS

logger = logging.getLogger(__name__)
T = TypeVar("T")

LOOK_SECONDS = 5.0
"""How often to check whether other servers died and left something."""
ORPHAN_SECONDS = 3600.0
"""How old files that the database does not know must be before they are deleted."""


async def keep_recovering(boot: str, say: Callable[[str], None]) -> None:
    """Recover at the start, then whatever other servers leave that die, until cancelled."""
    await recover_at_start(boot, say)
    failed: set[uuid.UUID] = set()
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        # that the database or the disk is unavailable is reported elsewhere
        with suppress(StoreError, OSError):
            await recover_recordings(boot, failed)
            await delete_broken_imports()


async def recover_at_start(boot: str, say: Callable[[str], None]) -> None:
    """Recover what dead servers left in the recordings directory, and delete orphaned files.

    ``boot`` identifies this run of the server. Nothing that this run records is touched.
    """
    try:
        await ownership.mark_lost(boot)
        await resumptions.delete_outdated()
        await register_local_recordings()
        recovered = await recover_recordings(boot)
        deleted = await delete_broken_imports() + await delete_orphans()
    except (StoreError, OSError) as error:
        logger.warning("recordings could not be recovered: %s", error)
        return
    if recovered:
        say(f"Recordings recovered from a server that died: {recovered}.")
    if deleted:
        logger.info("deleted the files of %d recordings that have no row", deleted)


async def register_local_recordings() -> None:
    """Store where all recordings in this directory are: somebody may have moved them here."""
    if directory := await _in_thread(recordings_directory.id_or_none):
        found = await _in_thread(lambda: list(files.recording_ids()))
        count = await recordings.set_directory(found, directory) if found else 0
        if count:
            logger.info("%d recordings were found in this directory", count)


async def recover_recordings(boot: str, failed: set[uuid.UUID] | None = None) -> int:
    """Make playable what servers were recording when they died; return how many recordings.

    Any server that sees the files does it, once. ``failed`` holds recordings whose failure was
    logged before; those that fail now are added to it.
    """
    directory = await _in_thread(recordings_directory.id_or_none)
    await _begin_rows(boot, directory)
    unfinished = await recordings.unfinished_recordings(boot, directory)
    left = await _in_thread(lambda: [one for one in unfinished if one.is_ours or _is_here(one)])
    logged = set() if failed is None else failed
    return sum([await _recover(one, boot, directory, logged) for one in left])


async def _begin_rows(boot: str, directory: str) -> None:
    """Write the rows of recordings whose server died while the database was unavailable."""
    if unwritten := await _in_thread(sidecars.read_sidecars):
        here = [replace(new, directory=directory) for new in unwritten]
        written = await recordings.begin_unwritten(here, boot)
        await _in_thread(partial(sidecars.delete_sidecars, written))


def _is_here(left: Unfinished) -> bool:
    return files.folder(left.id).is_dir()


async def _recover(left: Unfinished, boot: str, directory: str, failed: set[uuid.UUID]) -> bool:
    if not await recordings.claim_recovery(left.id, boot):
        return False
    try:
        seconds = await _in_thread(partial(_repair, left))
        size = await _in_thread(partial(files.total_bytes, left.id))
    except FileNotFoundError:  # its process lives after all, and is finishing it
        return False
    except OSError:
        if left.id not in failed:
            logger.exception("recording %s could not be recovered", left.id)
        failed.add(left.id)
        await recordings.release_recovery(left.id, boot)  # the disk of another server may work
        return False
    if seconds is None:
        return False
    is_kept = await recordings.complete_recovered(
        left.id,
        duration_seconds=seconds,
        size=size,
        has_sound=bool(seconds),
        directory=directory,
    )
    logger.warning("recording %s: %.1f s of sound recovered", left.id, seconds)
    return is_kept


async def delete_broken_imports() -> int:
    """Delete what interrupted imports left; return how many there were."""
    directory = await _in_thread(recordings_directory.known_id)
    begun = await recordings.unfinished_imports(directory)
    interrupted = (
        await _in_thread(lambda: [one for one in begun if _is_quiet(one)]) if begun else []
    )
    return await recordings.delete_imports(interrupted)


def _is_quiet(recording_id: uuid.UUID) -> bool:
    """Return whether no process writes files of a recording, nor did for QUIET_SECONDS. Blocks."""
    try:
        for part in files.unfinished_files(recording_id):
            with locked(part) as is_ours:
                if (
                    not is_ours
                    or clock.earliest().timestamp() - part.stat().st_mtime < QUIET_SECONDS
                ):
                    return False
    except OSError:  # it is being finished
        return False
    return True


async def delete_orphans() -> int:
    """Delete old files that the database does not know; return of how many recordings.

    A database that knows none of them at all may be the wrong one: then nothing is deleted.
    """
    found = await _in_thread(_old_ids)
    known = await recordings.known_recordings(found) if found else set()
    unwritten = await _in_thread(sidecars.read_sidecars)
    wanted = await recordings.recordings_awaiting_rows(unwritten) if unwritten else set()
    orphans = [recording_id for recording_id in found if recording_id not in known | wanted]
    if orphans and not known:
        logger.warning(
            "the database knows none of the %d recordings in its directory; nothing is deleted",
            len(orphans),
        )
        return 0
    for recording_id in orphans:
        await _in_thread(partial(files.delete_or_log, recording_id))
    return len(orphans)


def _old_ids() -> list[uuid.UUID]:
    newest = clock.earliest().timestamp() - ORPHAN_SECONDS
    places = ((one, files.folder(one)) for one in files.recording_ids())
    return [one for one, place in places if place.lstat().st_mtime < newest]


def _repair(left: Unfinished) -> float | None:
    """Make the sound of a recording playable; return its length in seconds, 0 if there is none.

    None: its process is not dead after all, and still writes it. Blocks.

    Raises:
        OSError: the file system does not allow it.
    """
    encoding = Encoding(left.encoding)
    path = files.new_sound_path(left.id, encoding)
    for part in files.unfinished_files(left.id):
        if part.with_suffix("") != path:
            continue
        with locked(part) as is_ours:
            if not is_ours:
                return None
            repair(part, encoding, left.sample_rate)
            if part.stat().st_size:
                fill_gaps(part, encoding)
                rename_into_place(part, path)
            else:
                part.unlink()
    for part in files.unfinished_files(left.id):
        part.unlink()  # an utterance that was not written to its end
    return _seconds(left, encoding)


def _seconds(left: Unfinished, encoding: Encoding) -> float:
    path = files.sound_path(left.id, encoding)
    if path is None:
        return 0.0
    if encoding is Encoding.PCM_S16LE:
        samples = (path.stat().st_size - HEADER_BYTES) // SAMPLE_BYTES
        return samples / left.sample_rate
    try:
        return to_seconds(sum(len(block) // SAMPLE_BYTES for block in decode_file(path)))
    except DecodeError:
        path.unlink()  # too short to be of use
        return 0.0
    except EngineError as error:  # there is sound, but its length is unknown
        logger.warning("recording %s: %s", left.id, error)
        return 0.0


async def _in_thread(work: Callable[[], T]) -> T:
    """Run ``work`` in a thread of its own, since files may be long; return its result."""
    executor = ThreadPoolExecutor(1, thread_name_prefix="habla recovery")
    try:
        return await asyncio.get_running_loop().run_in_executor(executor, work)
    finally:
        executor.shutdown(wait=False)
