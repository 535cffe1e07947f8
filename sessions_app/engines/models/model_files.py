"""The files of a model: verified by their digests, and moved into place as a whole."""

import errno
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import BinaryIO

from sessions_app.core.errors import EngineUnavailableError
from sessions_app.engines.base import Progress
from sessions_app.engines.models.model import MEGABYTE, Model, ModelFile

CHUNK_BYTES = 1 << 20
"""How much is read between two checks for a cancellation."""
COMING = ".fetching"
"""The directory, among the models, of incomplete ones."""
ROOM_LEFT_BYTES = 64 * MEGABYTE
"""How much free space a model must leave on the disk."""
STALE_SECONDS = 7 * 86_400.0
"""For how long an interrupted download is kept, to be resumed."""
LOCK_SECONDS = 0.2
"""How often to check whether another process has finished downloading the same model."""


def not_kept(name: str) -> str:
    """Return what people are told of a model that could not be written to the disk."""
    return f"{name} could not be kept. Is the disk full, or the models' directory not writable?"


class StoppedError(Exception):
    """The download was cancelled."""


@dataclass(frozen=True, slots=True)
class IncomingModel:
    """A model being downloaded: where its files are gathered, and whom to report to."""

    model: Model
    directory: Path
    """Where its files are put; those already there are complete, or partial."""
    progress: Progress
    stopped: Event = field(default_factory=Event)

    def check_stopped(self) -> None:
        """Raise StoppedError if the download was cancelled."""
        if self.stopped.is_set():
            raise StoppedError

    def wanted(self) -> list[ModelFile]:
        """Return the pinned files that are missing or have the wrong size."""
        return [file for file in self.model.files if not _has_size(self.directory, file)]

    def check_room(self, needed: int) -> None:
        """Check that ``needed`` more bytes fit on the disk, with some to spare.

        Raises:
            EngineUnavailableError: it does not.
        """
        free = shutil.disk_usage(self.directory).free
        if free < needed + ROOM_LEFT_BYTES:
            raise EngineUnavailableError(
                f"The disk has no room for {self.model.name}: {needed // MEGABYTE + 1} MB are "
                f"needed, and {free // MEGABYTE} MB are free."
            )

    def keep(self, source: BinaryIO, file: ModelFile, *, begin: bool = True) -> None:
        """Write what ``source`` gives as ``file``, or append it to the part that is there.

        Raises:
            EngineUnavailableError: it is more than the file may have; nothing of it is kept.
        """
        path = self.directory / file.name
        with path.open("wb" if begin else "ab") as kept:
            while chunk := source.read(CHUNK_BYTES):
                self.check_stopped()
                if kept.tell() + len(chunk) > file.size:
                    break
                kept.write(chunk)
            else:
                return
        path.unlink()
        raise EngineUnavailableError(f"{file.name} is larger than it should be.")


def _has_size(directory: Path, file: ModelFile) -> bool:
    path = directory / file.name
    return path.is_file() and path.stat().st_size == file.size


def wrong_files(model: Model, directory: Path, stopped: Event | None = None) -> list[str]:
    """Return which pinned files of ``model`` are missing from ``directory`` or damaged. Blocks.

    About one to three seconds per gigabyte.
    """
    return [
        file.name
        for file in model.files
        if not _has_size(directory, file)
        or sha256_of(directory / file.name, stopped) != file.sha256
    ]


def sha256_of(path: Path, stopped: Event | None = None) -> str:
    """Return the digest of a file, read in chunks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            if stopped is not None and stopped.is_set():
                raise StoppedError
            digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def gathering(model: Model, models_dir: Path, progress: Progress, stopped: Event) -> Iterator[Path]:
    """Provide a directory in which to gather the files of ``model``, for one process at a time.

    What an interrupted download gathered is still there. It is removed by ``put_in_place``, or once
    it is a week old.
    """
    incoming = models_dir / COMING
    incoming.mkdir(parents=True, exist_ok=True)
    with (incoming / f"{model.name}.lock").open("a") as lock:
        _wait_for(lock.fileno(), progress, stopped)
        _remove_stale(incoming)
        directory = incoming / model.name
        directory.mkdir(exist_ok=True)
        yield directory


def _wait_for(lock: int, progress: Progress, stopped: Event) -> None:
    while not stopped.is_set():
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                return  # a file system without locks
            progress("waiting for whoever fetches it already", None)
            stopped.wait(LOCK_SECONDS)
        else:
            return
    raise StoppedError


def _remove_stale(incoming: Path) -> None:
    for directory in incoming.iterdir():
        if directory.is_dir() and time.time() - directory.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(directory, ignore_errors=True)


def take_over(model: Model, old: Path, directory: Path) -> None:
    """Move those files of ``old`` that are right into ``directory``, where others are gathered."""
    wrong = wrong_files(model, old)
    for file in model.files:
        if file.name not in wrong and not (directory / file.name).exists():
            try:
                os.link(old / file.name, directory / file.name)
            except OSError:
                shutil.copyfile(old / file.name, directory / file.name)


def put_in_place(gathered: Path, place: Path, names: list[str]) -> None:
    """Make ``gathered`` the directory ``place``, with the files ``names`` and nothing else.

    What was there is removed. A process that looks meanwhile sees a whole model, or none.
    """
    for entry in list(gathered.iterdir()):
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name not in names:
            entry.unlink()
    for name in names:
        _sync(gathered / name)
    old = gathered.with_name(f"{gathered.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if place.is_dir():
        place.rename(old)
    gathered.rename(place)
    shutil.rmtree(old, ignore_errors=True)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
