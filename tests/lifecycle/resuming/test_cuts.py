"""Connections that are cut at any moment, in any way: every word is told and kept exactly once.

This is the short form; `make test-cuts` runs the long one.
"""

import asyncio
import itertools
import json
import random
from pathlib import Path

from tests.lifecycle.invariants import served
from tests.lifecycle.resuming.crowd import Scale, port_of, speak_and_be_cut
from tests.lifecycle.resuming.freezing import frozen_at_times
from tests.lifecycle.resuming.kept import problems_of
from tests.lifecycle.shutdown_tools import Another, another

__all__ = ["another"]

SCALE = Scale(speakers=4, cuts=2)
FREEZES = 2
"""Ten cuts with each of four servers."""
SEED = 14
BEHIND = json.dumps({"BACKEND": "fake", "OPTIONS": {"delay_seconds": 0.5}})
"""An engine that takes longer than four people take to say what it hears."""


async def test_every_word_is_told_and_kept_once_however_connections_are_cut(
    another: Another,
) -> None:
    """With and without recording, by engines that keep up and by engines that do not."""
    cases = itertools.product(("on", "off"), ("fake", BEHIND))
    problems = await asyncio.gather(
        *(
            problems_of_cuts(another(str(number)), recording, transcriber, SEED + 100 * number)
            for number, (recording, transcriber) in enumerate(cases)
        )
    )
    assert problems == [[]] * 4


async def problems_of_cuts(
    data_dir: Path, recording: str, transcriber: str, seed: int
) -> list[str]:
    async with (
        served(data_dir, HABLA_RECORDING=recording, HABLA_TRANSCRIBER=transcriber) as server,
        frozen_at_times(server, FREEZES, random.Random(seed)),
    ):
        speakers = await speak_and_be_cut(port_of(server.address), SCALE, seed)
    return problems_of(data_dir, speakers)
