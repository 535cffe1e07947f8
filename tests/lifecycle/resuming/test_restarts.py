"""A server that quits or is killed at any moment: the next one goes on with its sessions.

This is the short form; `make test-cuts` runs the long one.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from tests.lifecycle.resuming.crowd import Scale
from tests.lifecycle.resuming.kept import problems_of
from tests.lifecycle.resuming.restarts import End, Servers, speak_through_restarts
from tests.lifecycle.shutdown_tools import Another, another

__all__ = ["another"]

SCALE = Scale(speakers=4, cuts=0)
SEED = 14


async def test_every_word_is_told_and_kept_once_however_often_a_server_ends(
    another: Another,
) -> None:
    cases = {"on": [End.QUITS, End.IS_KILLED], "off": [End.IS_KILLED, End.QUITS]}
    problems = await asyncio.gather(
        *(
            problems_of_restarts(another(recording), recording, ends, SEED + number)
            for number, (recording, ends) in enumerate(cases.items())
        )
    )
    assert problems == [[], []]


async def problems_of_restarts(
    data_dir: Path, recording: str, ends: Sequence[End], seed: int
) -> list[str]:
    servers = Servers(data_dir, {"HABLA_RECORDING": recording}, seed)
    return problems_of(data_dir, await speak_through_restarts(servers, ends, SCALE, seed))
