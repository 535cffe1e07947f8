"""The long form of the tests of resuming: `python -m tests.lifecycle.resuming [SEED] [--part P]`.

Four hundred cuts of up to a minute, restarts and kills, and absences around the real limit.
"""

import argparse
import asyncio
import itertools
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Collection
from pathlib import Path
from typing import Any

import django

import tests.environment  # noqa: F401 -- before Django reads its settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "habla_project.settings")
django.setup()

from sessions_app.core.audio import Encoding  # noqa: E402 -- Django comes first
from tests.lifecycle.invariants import served  # noqa: E402
from tests.lifecycle.resuming.absence import (  # noqa: E402
    problems_of_absence,
    speak_with_an_absence,
)
from tests.lifecycle.resuming.crowd import Scale, port_of, speak_and_be_cut  # noqa: E402
from tests.lifecycle.resuming.freezing import frozen_at_times  # noqa: E402
from tests.lifecycle.resuming.kept import problems_of  # noqa: E402
from tests.lifecycle.resuming.restarts import (  # noqa: E402
    End,
    Servers,
    speak_through_restarts,
)
from tests.server.running import environment, manage  # noqa: E402

SCALE = Scale(speakers=20, cuts=5, longest_seconds=60.0, limit_seconds=600.0)
"""Four times: with and without recording, with engines that keep up and engines that do not."""
FREEZES = 5
RESTARTS = 10
BEHIND = {"BACKEND": "fake", "OPTIONS": {"delay_seconds": 0.15}}
"""An engine that takes longer than twenty people take to say what it hears."""
ABSENCES = {110: False, 121: True, 300: True}
"""Seconds, and whether they are more than HABLA_RESUME_SECONDS, which is 120."""
PARTS = ("cuts", "restarts", "absences")
Problems = list[str]


async def run(seed: int, parts: Collection[str]) -> Problems:
    """Run the named parts; return what was wrong."""
    problems: Problems = []
    with tempfile.TemporaryDirectory(prefix="habla-resuming-") as directory:
        blank = Path(directory) / "blank"
        blank.mkdir()
        code, told = await manage("migrate", "--verbosity=0", env=environment(blank))
        if code:
            return [told]
        numbers = itertools.count()

        def fresh() -> Path:
            return Path(shutil.copytree(blank, Path(directory) / str(next(numbers))))

        engines = ("fake", "behind") if "cuts" in parts else ()
        for recording, transcriber in itertools.product(("on", "off"), engines):
            engine = json.dumps(BEHIND) if transcriber == "behind" else transcriber
            choices: dict[str, Any] = {"HABLA_RECORDING": recording, "HABLA_TRANSCRIBER": engine}
            name = f"cuts, recording {recording}, engine {transcriber}"
            problems += await _named(name, _cuts(fresh(), choices, seed))
        ends = End if "restarts" in parts else ()
        for end, recording in itertools.product(ends, ("on", "off")):
            name = f"{RESTARTS} servers, {end.name}, recording {recording}"
            choices = {"HABLA_RECORDING": recording}
            problems += await _named(name, _restarts(fresh(), choices, end, seed))
        if "absences" in parts:
            problems += await _named("absences", _absences(fresh()))
    return problems


async def _named(name: str, part: Awaitable[Problems]) -> Problems:
    began_at = time.monotonic()
    try:
        problems = await part
    except Exception as error:  # noqa: BLE001 -- the other parts are to run, too
        problems = [repr(error), *getattr(error, "__notes__", [])]
        problems += [repr(one) for one in getattr(error, "exceptions", ())]
    say(f"{name}: {len(problems)} problems, {time.monotonic() - began_at:.0f} s")
    for problem in problems:
        say(f"  {problem}")
    return [f"{name}: {problem}" for problem in problems]


async def _cuts(data_dir: Path, choices: dict[str, Any], seed: int) -> Problems:
    rng = random.Random(seed)
    async with served(data_dir, **choices) as server, frozen_at_times(server, FREEZES, rng):
        speakers = await speak_and_be_cut(port_of(server.address), SCALE, seed)
    return problems_of(data_dir, speakers)


async def _restarts(data_dir: Path, choices: dict[str, str], end: End, seed: int) -> Problems:
    servers = Servers(data_dir, choices, seed)
    speakers = await speak_through_restarts(servers, [end] * RESTARTS, SCALE, seed)
    return problems_of(data_dir, speakers)


async def _absences(data_dir: Path) -> Problems:
    cases = list(itertools.product(ABSENCES, Encoding))
    async with served(data_dir) as server:
        port = port_of(server.address)
        clients = await asyncio.gather(
            *(speak_with_an_absence(port, encoding, seconds) for seconds, encoding in cases)
        )
    return [
        f"{seconds} s, {encoding}: {problem}"
        for (seconds, encoding), client in zip(cases, clients, strict=True)
        for problem in problems_of_absence(data_dir, client, is_late=ABSENCES[seconds])
    ]


def say(line: str = "") -> None:
    """Write a line for whoever runs this."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.lifecycle.resuming", description=__doc__)
    parser.add_argument("seed", nargs="?", type=int, default=14)
    parser.add_argument("--part", choices=PARTS, help="only this one")
    chosen = parser.parse_args()
    parts = (chosen.part,) if chosen.part else PARTS
    sys.exit(1 if asyncio.run(run(chosen.seed, parts)) else 0)


if __name__ == "__main__":
    main()
