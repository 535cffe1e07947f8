"""Paths of a recording's files: made of its id, and never outside of the recordings directory.

    recordings/3f/3f0c...e1/sound.webm            what the client sent, in its own container
    recordings/3f/3f0c...e1/segments/7.wav        the seventh utterance of its session
    recordings/unwritten/3f0c...e1.json           its sidecar: the row, until it is written

A file that is being written has a name that ends with ``.part``; `sound_path` and `segment_path` do
not find it. No name or path that a client sent is ever used on the disk.
"""

import logging
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from sessions_app.config import conf
from sessions_app.core.audio import Encoding

logger = logging.getLogger(__name__)

ENDINGS = {
    Encoding.WEBM_OPUS: ".webm",
    Encoding.OGG_OPUS: ".ogg",
    Encoding.MP4_AAC: ".mp4",
    Encoding.PCM_S16LE: ".wav",
}
"""PCM gets a WAV header, so that a browser can play it."""
PART = ".part"
"""Ending of the name of a file that is not complete yet."""
UNWRITTEN = "unwritten"
"""Directory of the sidecars of recordings that have no row yet (sidecars.py)."""


def folder(recording_id: UUID) -> Path:
    """Return the directory of a recording's files, whether it exists or not."""
    name = str(recording_id)
    return conf.recordings_dir() / name[:2] / name


def new_sound_path(recording_id: UUID, encoding: Encoding) -> Path:
    """Return the path at which the client's sound is to be stored."""
    return folder(recording_id) / f"sound{ENDINGS[encoding]}"


def sidecar_path(recording_id: UUID) -> Path:
    """Return the path of a recording's sidecar (sidecars.py), whether it exists or not."""
    return conf.recordings_dir() / UNWRITTEN / f"{recording_id}.json"


def sound_path(recording_id: UUID, encoding: str) -> Path | None:
    """Return the file with the sound as the client sent it; None: there is none."""
    ending = ENDINGS.get(Encoding(encoding)) if encoding in list(Encoding) else None
    return _found(folder(recording_id) / f"sound{ending}") if ending else None


def segment_path(recording_id: UUID, utterance_id: int) -> Path | None:
    """Return the WAV file (16 kHz mono) of one utterance; None: there is none."""
    return _found(folder(recording_id) / "segments" / f"{int(utterance_id)}.wav")


def has_link_outside(recording_id: UUID) -> bool:
    """Return whether a symbolic link among its files leads out of the recordings directory."""
    place = folder(recording_id)
    return not all(map(_is_inside, (place, place / "segments", *place.glob("sound.*"))))


def total_bytes(recording_id: UUID) -> int:
    """Return how many bytes the files of a recording take."""
    return sum(path.lstat().st_size for path in _files(recording_id))


def unfinished_files(recording_id: UUID) -> list[Path]:
    """Return its files that were never completed."""
    return [path for path in _files(recording_id) if path.suffix == PART]


def delete(recording_id: UUID) -> bool:
    """Delete all files of a recording; return whether there were any.

    Raises:
        OSError: the file system does not allow it.
    """
    place = folder(recording_id)
    was_there = place.is_symlink() or place.is_dir()
    if place.is_symlink():
        place.unlink()
    elif was_there and _is_inside(place):
        shutil.rmtree(place)
    with suppress(FileNotFoundError, NotADirectoryError):  # there was no sidecar
        sidecar_path(recording_id).unlink()
    with suppress(OSError):  # it holds other recordings too
        place.parent.rmdir()
    return was_there


def delete_or_log(recording_id: UUID) -> None:
    """Delete all files of a recording; log a warning if that fails."""
    try:
        delete(recording_id)
    except OSError as error:
        logger.warning("recording %s: its files could not be deleted: %s", recording_id, error)


def recording_ids() -> Iterator[UUID]:
    """Yield the ids of all recordings that have files here, with or without a row."""
    for place in conf.recordings_dir().glob("??/*"):
        with suppress(ValueError):  # not one of our directories
            recording_id = UUID(place.name)
            if place == folder(recording_id):
                yield recording_id


def _files(recording_id: UUID) -> list[Path]:
    place = folder(recording_id)
    if place.is_symlink() or not _is_inside(place):
        return []
    return [path for path in place.rglob("*") if path.is_file() and not path.is_symlink()]


def _found(path: Path) -> Path | None:
    return path if path.is_file() and _is_inside(path) else None


def _is_inside(path: Path) -> bool:
    """Return whether ``path``, with all symbolic links resolved, is in the recordings directory."""
    try:
        return path.resolve().is_relative_to(conf.recordings_dir().resolve())
    except (OSError, RuntimeError):  # symbolic links in a circle
        return False
