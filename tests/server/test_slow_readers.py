"""A response is held in memory piece by piece only, however slowly a client reads."""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.house import eventually
from tests.lifecycle.invariants import (
    MEGABYTE,
    PAGE_CONNECTIONS,
    fewest,
    let_go,
    resident_bytes,
    served,
)
from tests.server.running import Running
from tests.server.slowclient import ask, keep_sound, read_all
from tests.server.visitor import visitor

pytestmark = pytest.mark.alone

MOST_GROWTH = 12 * MEGABYTE
SOUND = random.Random(10).randbytes(48 * MEGABYTE)
MANY = 16
READERS = min(32, (os.cpu_count() or 1) + 4)
"""The most threads that read files: those of the loop's default executor."""


@asynccontextmanager
async def with_sound(data_dir: Path, **choices: Any) -> AsyncIterator[tuple[Running, str]]:
    """Serve ``data_dir``, with a recording of SOUND; yield the server and the sound's address."""
    async with served(data_dir, new_threads=READERS, kept_descriptors=MANY, **choices) as server:
        yield server, f"/api/recordings/{keep_sound(data_dir, SOUND)}/audio"


async def test_a_client_that_does_not_read_costs_no_memory_and_leaves_nothing(
    data_dir: Path,
) -> None:
    async with with_sound(data_dir) as (server, path):
        await asyncio.to_thread(read_all, ask(server, path, "Range: bytes=0-9"))
        baseline, before = await fewest(server), resident_bytes(server.pid)
        deaf = [ask(server, path) for _ in range(MANY)]
        async with visitor(server.socket_address) as guest:
            for number in range(10):
                await guest.type_and_hear(f"{number}")
                await asyncio.sleep(0.2)  # time for reading ahead: that is what is tested
        assert resident_bytes(server.pid) - before <= MOST_GROWTH
        # nor does each of them keep a connection to the database
        connected = (await fewest(server)).database_connections
        assert connected <= baseline.database_connections + PAGE_CONNECTIONS
        for wire in deaf:
            wire.close()
        await let_go(server, baseline.plus(threads=READERS, database_descriptors=MANY))


async def test_a_slow_reader_gets_every_byte_also_of_a_part(data_dir: Path) -> None:
    async with with_sound(data_dir) as (server, path):
        whole = asyncio.to_thread(read_all, ask(server, path), rate=16 * MEGABYTE)
        first, last = 1_000_000, 1_000_000 + 3 * MEGABYTE
        part = asyncio.to_thread(
            read_all, ask(server, path, f"Range: bytes={first}-{last}"), rate=MEGABYTE
        )
        (head, body), (part_head, part_body) = await asyncio.gather(whole, part)
        assert " 200 " in head
        assert body == SOUND
        assert " 206 " in part_head
        assert f"bytes {first}-{last}/{len(SOUND)}" in part_head
        assert part_body == SOUND[first : last + 1]


async def test_many_at_once_get_what_they_asked_for(data_dir: Path) -> None:
    async with with_sound(data_dir) as (server, path):
        parts = [(n * MEGABYTE, n * MEGABYTE + 300_000) for n in range(MANY)]
        answers = await asyncio.gather(
            *(
                asyncio.to_thread(
                    read_all, ask(server, path, f"Range: bytes={first}-{last}"), rate=MEGABYTE
                )
                for first, last in parts
            )
        )
        assert [body for _, body in answers] == [SOUND[first : last + 1] for first, last in parts]


async def test_a_client_that_never_reads_is_hung_up_on_and_the_file_closed(
    data_dir: Path,
) -> None:
    settings = "tests.server.impatient"
    async with with_sound(data_dir, DJANGO_SETTINGS_MODULE=settings) as (server, path):
        with ask(server, path):
            await eventually(lambda: is_open(server, "sound.wav"), seconds=20)
            await eventually(lambda: not is_open(server, "sound.wav"), seconds=40)
        assert "read nothing of a response" in server.log


def is_open(server: Running, name: str) -> bool:
    """Return whether the server has a file of that name open."""
    links = Path(f"/proc/{server.pid}/fd").iterdir()
    return any(str(link.readlink()).endswith(name) for link in links if link.is_symlink())
