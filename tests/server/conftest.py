"""Data directories of servers, each with a database that is up to date."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.running import ROOT, environment


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data directory that nobody serves, made once."""
    directory = tmp_path_factory.mktemp("migrated")
    command = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
    subprocess.run(command, cwd=ROOT, env=environment(directory), check=True, timeout=60)
    return directory


@pytest.fixture
def data_dir(migrated: Path, tmp_path: Path) -> Path:
    """Return a data directory of one's own."""
    return Path(shutil.copytree(migrated, tmp_path / "data"))
