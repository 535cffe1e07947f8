"""Debian packages, unpacked without installing them: no root is needed, and nothing is run."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from benches.quality.cache import UnavailableError, cache

COMMAND_SECONDS = 180.0
"""The time limit of each command; a package of sounds has 15 MB."""
OPTIONS = ("-o", "Acquire::http::Timeout=20", "-o", "Acquire::Retries=1", "-qq")


def unpacked(package: str) -> Path:
    """Return the directory with the files of ``package``, downloaded by apt if need be.

    apt verifies it by the signed lists of its archive. Where the machine has no lists, they are
    downloaded into a directory of our own.

    Raises:
        UnavailableError: there is no apt, or it cannot download the package.
    """
    directory = cache() / "debian" / package
    if directory.is_dir():
        return directory
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise UnavailableError(f"{package} comes by apt, and there is no {program} here.")
    with tempfile.TemporaryDirectory(dir=cache()) as made:
        whole = Path(made) / "unpacked"
        _run("dpkg-deb", "-x", str(_fetched(package, Path(made))), str(whole))
        _move(whole, directory)
    return directory


def _fetched(package: str, directory: Path) -> Path:
    try:
        return _download(package, directory)
    except UnavailableError:
        own = _own_lists()
        _run("apt-get", *OPTIONS, *own, "update")
        return _download(package, directory, *own)


def _download(package: str, directory: Path, *options: str) -> Path:
    _run("apt-get", *OPTIONS, *options, "download", package, directory=directory)
    found = sorted(directory.glob("*.deb"))
    if not found:
        raise UnavailableError(f"apt-get fetched no {package}.")
    return found[0]


def _own_lists() -> tuple[str, ...]:
    """Return options that make apt keep its lists in our directory."""
    lists, archives = cache() / "apt" / "lists", cache() / "apt" / "archives"
    for directory in (lists, archives):
        (directory / "partial").mkdir(parents=True, exist_ok=True)
    return ("-o", f"Dir::State::Lists={lists}", "-o", f"Dir::Cache={archives.parent}")


def _run(*command: str, directory: Path | None = None) -> None:
    try:
        subprocess.run(
            command, cwd=directory, check=True, capture_output=True, timeout=COMMAND_SECONDS
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()
        why = said[-1] if said else f"exit code {error.returncode}"
        raise UnavailableError(f"{command[0]}: {why}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(f"{command[0]}: {error}") from error


def _move(whole: Path, directory: Path) -> None:
    directory.parent.mkdir(exist_ok=True)
    try:
        whole.replace(directory)
    except OSError as error:
        if not directory.is_dir():  # unless another process did it meanwhile
            raise UnavailableError(f"{directory} cannot be made: {error}") from error
