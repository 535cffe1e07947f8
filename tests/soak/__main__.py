"""The soak in its long form: `python -m tests.soak [COUNT]`, 10,000 unless told otherwise."""

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path

import django

import tests.environment  # noqa: F401 -- before Django reads its settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "habla_project.settings")
django.setup()

from tests.server.running import environment, manage  # noqa: E402 -- Django comes first
from tests.soak.crowd import AT_ONCE, GROWTH_MEGABYTES, outcome, soak  # noqa: E402
from tests.soak.ways import WAYS  # noqa: E402

STAGE = 500


async def run(count: int) -> list[str]:
    """Run ``count`` sessions on a server; return what was wrong."""
    with tempfile.TemporaryDirectory(prefix="habla-soak-") as directory:
        data_dir = Path(directory)
        code, said = await manage("migrate", "--verbosity=0", env=environment(data_dir))
        if code:
            return [said]
        say(f"{count} sessions, {AT_ONCE} at once, the engines restarted every {STAGE}")
        looks = []
        async for look in soak(data_dir, count, stage=STAGE):
            looks.append(look)
            say(str(look))
        ended = outcome(data_dir, count)
    say()
    for way in WAYS:
        say(f"{ended.ways[way.name]:8}  {way.name:32} {way.reason}")
    say("rows: " + ", ".join(f"{n} {reason}" for reason, n in ended.reasons.most_common()))
    growth = max(look.megabytes for look in looks) - looks[0].megabytes
    say(f"memory: at most {growth:+.1f} MB after the first {STAGE}; limit {GROWTH_MEGABYTES:g}")
    too_much = [f"memory grew by {growth:.1f} MB"] if growth > GROWTH_MEGABYTES else []
    return ended.problems + too_much


def say(line: str = "") -> None:
    """Write a line for whoever runs the soak."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=10_000, help="sessions, whole stages")
    count: int = parser.parse_args().count
    if count % STAGE or count < STAGE:
        parser.error(f"a multiple of {STAGE} would be right")
    problems = asyncio.run(run(count))
    sys.exit("\n".join(problems) or 0)


if __name__ == "__main__":
    main()
