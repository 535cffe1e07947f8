"""Data directories of servers, each with a database that is up to date."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests import blank
from tests.server.browsing import make_users
from tests.server.postgres import cluster, made
from tests.server.redis import Redis, redis
from tests.server.running import environment, manage


@pytest.fixture(scope="session")
def migrated() -> Path:
    """Return a data directory with a migrated database, created once and served by nobody."""
    return blank.migrated()


@pytest.fixture
def data_dir(migrated: Path, tmp_path: Path) -> Path:
    """Return a data directory for one test."""
    return Path(shutil.copytree(migrated, tmp_path / "data"))


@pytest.fixture(scope="session")
def peopled(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data directory with two users, eva and root, served by nobody."""
    directory = tmp_path_factory.mktemp("peopled") / "data"
    shutil.copytree(migrated, directory)
    asyncio.run(make_users(directory, "eva", "root"))
    return directory


@pytest.fixture
def peopled_dir(peopled: Path, tmp_path: Path) -> Path:
    """Return such a data directory for one test."""
    return Path(shutil.copytree(peopled, tmp_path / "data"))


@pytest.fixture(scope="session")
def migrated_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the directory of a stopped, migrated PostgreSQL, created once."""

    async def migrate(url: str) -> None:
        env = environment(tmp_path_factory.mktemp("migrating"), DATABASE_URL=url)
        code, output = await manage("migrate", env=env)
        assert code == 0, output

    with made(migrate) as directory:
        yield directory


@pytest.fixture
async def database(migrated_cluster: Path) -> AsyncIterator[str]:
    """Return the DATABASE_URL of a migrated PostgreSQL for one test."""
    async with cluster(migrated_cluster) as url:
        yield url


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Redis]:
    """Return a Redis for one test."""
    async with redis(tmp_path) as server:
        yield server
