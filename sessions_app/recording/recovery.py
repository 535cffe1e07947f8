"""What servers that died left of their recordings: made whole, or cleared away."""

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
from sessions_app.recording import files, notes
from sessions_app.recording.recording_file import fill_gaps, held, mend, put_in_place
from sessions_app.store import recordings, sessions
from sessions_app.store.recording_facts import Unfinished
from sessions_app.store.recordings import QUIET_SECONDS

logger = logging.getLogger(__name__)
T = TypeVar("T")

LOOK_SECONDS = 5.0
"""How often it is looked whether others died and left something."""
ORPHAN_SECONDS = 3600.0
"""How old files must be before they go because the database knows nothing of them."""


async def keep_tidy(boot: str, say: Callable[[str], None]) -> None:
    """Tidy, and go on to look for what others leave that die, until cancelled."""
    await tidy(boot, say)
    failed: set[uuid.UUID] = set()
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        # whoever looks after the rows, and after the disk, tells that one of them is away
        with suppress(StoreError, OSError):
            await recover(boot, failed)
            await clear_imports()


async def tidy(boot: str, say: Callable[[str], None]) -> None:
    """Salvage what servers that died left where recordings lie here, and sweep what is nobody's.

    ``boot`` names this run of the server. Nothing that this run records is touched.
    """
    try:
        await sessions.mark_lost(boot)
        await adopt()
        saved = await recover(boot)
        swept = await clear_imports() + await sweep()
    except (StoreError, OSError) as error:
        logger.warning("recordings were not looked after: %s", error)
        return
    if saved:
        say(f"Recordings saved from a server that died: {saved}.")
    if swept:
        logger.info("%d recordings that no row knows of are swept", swept)


async def adopt() -> None:
    """Note of all recordings that lie here that they do: others may have moved or copied them."""
    if directory := await _apart(recordings_directory.id_or_none):
        lying = await _apart(lambda: list(files.ids()))
        count = await recordings.adopt(lying, directory) if lying else 0
        if count:
            logger.info("%d recordings lie here of which that was not known", count)


async def recover(boot: str, failed: set[uuid.UUID] | None = None) -> int:
    """Make playable what servers were recording when they died; return how many are.

    Whoever is left does it where the files lie, once. What ``failed`` holds was told already to
    have failed: what fails now is added.
    """
    directory = await _apart(recordings_directory.id_or_none)
    await _begin_rows(boot, directory)
    unfinished = await recordings.unfinished(boot, directory)
    left = await _apart(lambda: [one for one in unfinished if one.is_ours or _lies_here(one)])
    told = set() if failed is None else failed
    return sum([await _salvage(one, boot, directory, told) for one in left])


async def _begin_rows(boot: str, directory: str) -> None:
    """Begin the rows of what was recorded while the database was away, until its server died."""
    if noted := await _apart(notes.read):
        here = [replace(new, directory=directory) for new in noted]
        written = await recordings.begin_left(here, boot)
        await _apart(partial(notes.forget, written))


def _lies_here(left: Unfinished) -> bool:
    return files.folder(left.id).is_dir()


async def _salvage(left: Unfinished, boot: str, directory: str, failed: set[uuid.UUID]) -> bool:
    if not await recordings.claim(left.id, boot):
        return False
    try:
        seconds = await _apart(partial(_mend, left))
        size = await _apart(partial(files.size, left.id))
    except FileNotFoundError:  # its process lives after all, and closes it just now
        return False
    except OSError:
        if left.id not in failed:
            logger.exception("recording %s could not be salvaged", left.id)
        failed.add(left.id)
        await recordings.disclaim(left.id, boot)  # another's disk may be well
        return False
    if seconds is None:
        return False
    is_kept = await recordings.salvage(
        left.id,
        duration_seconds=seconds,
        size=size,
        has_sound=bool(seconds),
        directory=directory,
    )
    logger.warning("recording %s: %.1f s of sound salvaged", left.id, seconds)
    return is_kept


async def clear_imports() -> int:
    """Delete what imports left that broke off; return how many did."""
    directory = await _apart(recordings_directory.known_id)
    begun = await recordings.unfinished_imports(directory)
    broken_off = await _apart(lambda: [one for one in begun if _is_quiet(one)]) if begun else []
    return await recordings.forget_imports(broken_off)


def _is_quiet(recording_id: uuid.UUID) -> bool:
    """Return whether nobody writes a file of a recording, nor has for QUIET_SECONDS. Blocks."""
    try:
        for part in files.parts(recording_id):
            with held(part) as is_ours:
                if (
                    not is_ours
                    or clock.earliest().timestamp() - part.stat().st_mtime < QUIET_SECONDS
                ):
                    return False
    except OSError:  # it is done just now
        return False
    return True


async def sweep() -> int:
    """Delete old files of which the database knows nothing; return of how many recordings.

    A database that knows none of them at all may be the wrong one: then nothing is deleted.
    """
    lying = await _apart(_old_ids)
    known = await recordings.known(lying) if lying else set()
    noted = await _apart(notes.read)
    wanted = await recordings.wanted(noted) if noted else set()
    orphans = [recording_id for recording_id in lying if recording_id not in known | wanted]
    if orphans and not known:
        logger.warning(
            "the database knows none of the %d recordings that lie here; they are left alone",
            len(orphans),
        )
        return 0
    for recording_id in orphans:
        await _apart(partial(files.remove, recording_id))
    return len(orphans)


def _old_ids() -> list[uuid.UUID]:
    newest = clock.earliest().timestamp() - ORPHAN_SECONDS
    places = ((one, files.folder(one)) for one in files.ids())
    return [one for one, place in places if place.lstat().st_mtime < newest]


def _mend(left: Unfinished) -> float | None:
    """Make the sound of a recording playable; return how long it is, 0 if there is none. Blocks.

    None: a process writes it that is not dead after all.

    Raises:
        OSError: the disk does not let it.
    """
    encoding = Encoding(left.encoding)
    path = files.new_path(left.id, encoding)
    for part in files.parts(left.id):
        if part.with_suffix("") != path:
            continue
        with held(part) as is_ours:
            if not is_ours:
                return None
            mend(part, encoding, left.sample_rate)
            if part.stat().st_size:
                fill_gaps(part, encoding)
                put_in_place(part, path)
            else:
                part.unlink()
    for part in files.parts(left.id):
        part.unlink()  # an utterance half written
    return _seconds(left, encoding)


def _seconds(left: Unfinished, encoding: Encoding) -> float:

    path = files.raw_path(left.id, encoding)
    if path is None:
        return 0.0
    if encoding is Encoding.PCM_S16LE:
        samples = (path.stat().st_size - HEADER_BYTES) // SAMPLE_BYTES
        return samples / left.sample_rate
    try:
        return to_seconds(sum(len(block) // SAMPLE_BYTES for block in decode_file(path)))
    except DecodeError:
        path.unlink()  # so little that nothing plays it
        return 0.0
    except EngineError as error:  # it is there, but nobody can say how long it is
        logger.warning("recording %s: %s", left.id, error)
        return 0.0


async def _apart(work: Callable[[], T]) -> T:
    """Return what ``work`` returns, done in a thread that ends with it: files may be long."""
    executor = ThreadPoolExecutor(1, thread_name_prefix="habla salvage")
    try:
        return await asyncio.get_running_loop().run_in_executor(executor, work)
    finally:
        executor.shutdown(wait=False)
