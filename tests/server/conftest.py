"""Data directories of servers, each with a database that is up to date."""

import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.server.postgres import cluster
from tests.server.redis import Redis, redis
from tests.server.running import ROOT, environment, manage


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


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[str]:
    """Return the DATABASE_URL of a PostgreSQL that is up to date, for one test."""
    async with cluster() as url:
        code, output = await manage("migrate", env=environment(tmp_path, DATABASE_URL=url))
        assert code == 0, output
        yield url


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Redis]:
    """Return a Redis for one test."""
    async with redis(tmp_path) as server:
        yield server
