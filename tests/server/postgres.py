"""A real PostgreSQL, in a directory of its own and without a port, for one test."""

import asyncio
import os
import shutil
import signal
import tempfile
from asyncio.subprocess import DEVNULL, STDOUT
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

START_SECONDS = 60.0
USER = "postgres"


def find_program(name: str) -> Path | None:
    """Return a program of PostgreSQL, from Debian's directories or the path."""
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = shutil.which(name)
    return installed[-1] if installed else Path(found) if found else None


@asynccontextmanager
async def cluster(like: Path | None = None) -> AsyncIterator[str]:
    """Run a cluster; yield the DATABASE_URL of a database in it.

    ``like``: a directory from ``made``, of which the cluster starts as a copy; None: empty.
    """
    with _directory() as directory:
        await (_make(directory) if like is None else _copy(like, directory))
        async with _served(directory):
            yield f"postgres://{USER}@/{directory}/{USER}"


@contextmanager
def made(fill: Callable[[str], Awaitable[None]]) -> Iterator[Path]:
    """Yield the directory of a stopped cluster that ``fill`` has filled, given its URL.

    It is meant to be copied, which takes a tenth of the time that it takes to create one.
    """
    with _directory() as directory, ThreadPoolExecutor(1) as apart:
        apart.submit(asyncio.run, _fill(directory, fill)).result()  # the caller has a running loop
        yield directory


async def _fill(directory: Path, fill: Callable[[str], Awaitable[None]]) -> None:
    await _make(directory)
    async with _served(directory):
        await fill(f"postgres://{USER}@/{directory}/{USER}")


@contextmanager
def _directory() -> Iterator[Path]:
    # not below pytest's directory, which only its owner may enter
    directory = Path(tempfile.mkdtemp(prefix="habla-postgres-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(directory, USER, USER)
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@asynccontextmanager
async def away(url: str) -> AsyncIterator[None]:
    """Stop the cluster of a database, as by a crash, until this is left."""
    directory = _directory_of(url)
    await _control(directory, "stop", "-m", "immediate")
    yield
    options = f"-k {directory} -c listen_addresses= -c fsync=off"
    await _control(directory, "start", "-o", options, "-l", str(directory / "log"))


@contextmanager
def frozen(url: str) -> Iterator[None]:
    """Freeze every process of a database's cluster until this is left."""
    postmaster = int((_directory_of(url) / "data" / "postmaster.pid").read_text().split()[0])
    pids = [postmaster, *_children_of(postmaster)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def _children_of(parent: int) -> list[int]:
    stats = [path.read_text().rpartition(")") for path in Path("/proc").glob("[0-9]*/stat")]
    return [int(pid.split()[0]) for pid, _, rest in stats if int(rest.split()[1]) == parent]


def _directory_of(url: str) -> Path:
    return Path(url.partition("@/")[2]).parent


async def _control(directory: Path, *what: str) -> None:
    process = await _start("pg_ctl", "-D", str(directory / "data"), *what, directory=directory)
    async with asyncio.timeout(START_SECONDS):
        assert await process.wait() == 0


async def _make(directory: Path) -> None:
    arguments = ["-D", str(directory / "data"), "-U", USER, "-A", "trust", "-E", "UTF8", "-N"]
    process = await _start("initdb", *arguments, directory=directory)
    async with asyncio.timeout(START_SECONDS):
        assert await process.wait() == 0


async def _copy(like: Path, directory: Path) -> None:
    copy = ("cp", "--archive", "--reflink=auto", str(like / "data"), str(directory / "data"))
    process = await asyncio.create_subprocess_exec(*copy)
    async with asyncio.timeout(START_SECONDS):
        assert await process.wait() == 0


@asynccontextmanager
async def _served(directory: Path) -> AsyncIterator[None]:
    where = ["-D", str(directory / "data"), "-k", str(directory), "-c", "listen_addresses="]
    server = await _start("postgres", *where, "-c", "fsync=off", directory=directory)
    try:
        async with asyncio.timeout(START_SECONDS):
            while not await _is_ready(directory):
                assert server.returncode is None
        yield
    finally:
        if server.returncode is None:
            server.send_signal(signal.SIGINT)
        await server.wait()
        if (directory / "data" / "postmaster.pid").exists():  # it was started again
            await _control(directory, "stop", "-m", "immediate")


async def _is_ready(directory: Path) -> bool:
    arguments = ["-h", str(directory), "-U", USER, "-t", "1"]
    return await (await _start("pg_isready", *arguments, directory=directory)).wait() == 0


async def _start(name: str, *arguments: str, directory: Path) -> asyncio.subprocess.Process:
    # PostgreSQL refuses to run as root
    other: dict[str, Any] = {"user": USER, "group": USER, "extra_groups": []}
    return await asyncio.create_subprocess_exec(
        str(find_program(name)),
        *arguments,
        cwd=directory,
        stdin=DEVNULL,
        stdout=DEVNULL,
        stderr=STDOUT,
        **(other if os.geteuid() == 0 else {}),
    )
