"""A data directory that becomes read-only keeps no step of the shutdown from being done."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from sessions_app.doctor.machine import examine_data_directory
from sessions_app.server.writable import UNWRITABLE
from tests.server.running import running
from tests.server.visitor import visitor

STEPS = ("console closed", "engines closed", "tasks closed", "database closed")


@contextmanager
def read_only(directory: Path) -> Iterator[None]:
    """Forbid creating or deleting anything below a directory."""
    if os.geteuid():
        places = [directory, *(path for path in directory.rglob("*") if path.is_dir())]
        modes = {place: place.stat().st_mode for place in places}
        for place in places:
            place.chmod(0o500)
        yield
        for place, mode in modes.items():
            place.chmod(mode)
        return
    bind = ["mount", "--bind", str(directory), str(directory)]
    if subprocess.run(bind, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount anything")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(directory)], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


async def test_a_read_only_directory_is_told_and_skips_no_step_of_the_end(data_dir: Path) -> None:
    async with running(data_dir) as server:
        async with visitor(server.socket_address) as guest:
            await guest.type_and_hear("hola")
        with read_only(data_dir):
            async with httpx.AsyncClient(base_url=server.address, trust_env=False) as program:

                async def reasons() -> list[str]:
                    return list((await program.get("/readyz")).json()["reasons"])

                while UNWRITABLE not in await reasons():
                    pass
            finding = examine_data_directory(data_dir)
            assert finding.message.startswith("Nothing can be written to ")
            server.signal()
            assert await server.ended() == 3
        log = server.log  # and no traceback is in it
        assert [step for step in STEPS if step not in log] == []
        assert "control socket could not be closed: " in log
    async with running(data_dir) as again:
        again.signal()
        assert await again.ended() == 0
