"""`make smoke` passes where all works, and says what does not where something is broken."""

import asyncio
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

from tests.patience import PATIENCE_SECONDS
from tests.server.running import ROOT, environment, running

STEPS = (
    "pages",
    "typing",
    "listening",
    "leaving a playback",
    "coming back",
    "reloading",
    "quitting",
)


async def smoke(*arguments: str, env: dict[str, str] | None = None) -> tuple[int, list[str]]:
    """Run it; return its exit code and the lines that it prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.smoke",
        *arguments,
        cwd=ROOT,
        env=env,
        stdout=PIPE,
        stderr=STDOUT,
    )
    async with asyncio.timeout(2 * PATIENCE_SECONDS):
        said, _ = await process.communicate()
    return process.returncode or 0, said.decode().splitlines()


async def test_a_server_of_its_own_passes() -> None:
    code, lines = await smoke()
    assert [line[7:27].strip() for line in lines] == list(STEPS)
    assert ([line[:6].strip() for line in lines], code) == (["ok"] * len(STEPS), 0)


async def test_a_given_server_is_walked_through_and_what_is_broken_is_named(
    data_dir: Path,
) -> None:
    manage = f"{sys.executable} manage.py"
    async with running(data_dir, HABLA_TRANSLATOR="none") as server:
        code, lines = await smoke(
            server.address, f"--manage={manage}", env=environment(data_dir, HABLA_TRANSLATOR="none")
        )
    failed = [line for line in lines if line.startswith("FAILED")]
    assert [line[7:27].strip() for line in failed] == ["typing", "coming back", "reloading"]
    assert all("'hola mundo' was not translated" in line for line in failed), lines
    assert code == 1


async def test_where_nobody_serves_every_step_says_so() -> None:
    code, lines = await smoke("http://127.0.0.1:9/")
    assert code == 1
    marks = [line[:6].strip() for line in lines]
    assert marks == ["FAILED", "FAILED", "FAILED", "-", "FAILED", "-"], lines
    assert "does not answer" in lines[0]
