"""Where recorded sound lies: by the id of its recording, and never outside of its directory.

    recordings/3f/3f0c...e1/sound.webm            what the client sent, in its own container
    recordings/3f/3f0c...e1/segments/7.wav        the seventh utterance of its session
    recordings/unwritten/3f0c...e1.json           what its row will say, while there is none

What is being written ends with ``.part``, and is not found here. No name or path from a client
comes near the disk.
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
"""PCM gets a header, so that a browser can play it."""
PART = ".part"
"""How the name of a file ends that is not whole yet."""
UNWRITTEN = "unwritten"
"""Where notes lie of what has no row yet (sound_notes.py)."""


def folder(recording_id: UUID) -> Path:
    """Return where the files of a recording lie, or would."""
    name = str(recording_id)
    return conf.recordings_dir() / name[:2] / name


def new_path(recording_id: UUID, encoding: Encoding) -> Path:
    """Return where what the client sends will lie."""
    return folder(recording_id) / f"sound{ENDINGS[encoding]}"


def note_path(recording_id: UUID) -> Path:
    """Return where it is noted what the row of a recording will say, while there is none."""
    return conf.recordings_dir() / UNWRITTEN / f"{recording_id}.json"


def raw_path(recording_id: UUID, encoding: str) -> Path | None:
    """Return the file with what the client sent; None: there is none."""
    ending = ENDINGS.get(Encoding(encoding)) if encoding in list(Encoding) else None
    return _found(folder(recording_id) / f"sound{ending}") if ending else None


def segment_path(recording_id: UUID, utterance_id: int) -> Path | None:
    """Return the WAV file, 16 kHz mono, of one utterance; None: there is none."""
    return _found(folder(recording_id) / "segments" / f"{int(utterance_id)}.wav")


def leads_outside(recording_id: UUID) -> bool:
    """Return whether a link among its files leads out of the directory of recordings."""
    place = folder(recording_id)
    return not all(map(_is_inside, (place, place / "segments", *place.glob("sound.*"))))


def size(recording_id: UUID) -> int:
    """Return how many bytes the files of a recording take."""
    return sum(path.lstat().st_size for path in _files(recording_id))


def parts(recording_id: UUID) -> list[Path]:
    """Return its files that were never finished."""
    return [path for path in _files(recording_id) if path.suffix == PART]


def erase(recording_id: UUID) -> bool:
    """Delete all files of a recording; return whether there were any.

    Raises:
        OSError: the disk does not let it.
    """
    place = folder(recording_id)
    was_there = place.is_symlink() or place.is_dir()
    if place.is_symlink():
        place.unlink()
    elif was_there and _is_inside(place):
        shutil.rmtree(place)
    with suppress(FileNotFoundError, NotADirectoryError):  # none was ever written
        note_path(recording_id).unlink()
    with suppress(OSError):  # others lie there too
        place.parent.rmdir()
    return was_there


def remove(recording_id: UUID) -> None:
    """Delete all files of a recording. What cannot be deleted is logged."""
    try:
        erase(recording_id)
    except OSError as error:
        logger.warning("recording %s: its files are not deleted: %s", recording_id, error)


def ids() -> Iterator[UUID]:
    """Yield the recordings of which there are files, whatever the database knows of them."""
    for place in conf.recordings_dir().glob("??/*"):
        with suppress(ValueError):  # nothing of ours
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
    """Return whether ``path`` lies in the directory of recordings wherever links may lead."""
    try:
        return path.resolve().is_relative_to(conf.recordings_dir().resolve())
    except (OSError, RuntimeError):  # links that lead in a circle
        return False
