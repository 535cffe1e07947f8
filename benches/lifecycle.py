"""How fast everything ends: `python -m benches.lifecycle [PART ...]`, of those in PARTS.

Each part is measured TIMES times, on a server of its own, and the median is printed.
"""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from statistics import median

from benches import blocked, catching_up, greed, leaving, quitting, resuming
from benches.report import Figure, machine, print_table, say
from benches.serving import keep_to_second_core

TIMES = 3
LIMIT_SECONDS = 240.0
"""The time limit of each part, once."""
PARTS: dict[str, tuple[str, Callable[[], Awaitable[list[Figure]]]]] = {
    "leaving": ("Leaving, with 100 sessions live and 20 leaving at once", leaving.measure),
    "quitting": ("SIGTERM, with 50 sessions that hold 2 s of work each", quitting.measure),
    "blocked": ("The database blocked for 3 s", blocked.measure),
    "resuming": ("Clients that are cut off, and come back", resuming.measure),
    "greed": ("Clients that take too much or too little", greed.measure),
    "catching_up": ("Captions while the server catches up", catching_up.measure),
}


async def run(names: list[str], times: int) -> None:
    """Measure the parts of these names, one after the other."""
    say(f"{machine()}; medians of {times}")
    keep_to_second_core()
    for name in names:
        title, measure = PARTS[name]
        began_at = time.monotonic()
        runs = [await _once(measure) for _ in range(times)]
        figures = [_middle(same) for same in zip(*runs, strict=True)]
        print_table(f"{title} ({time.monotonic() - began_at:.0f} s)", figures)


async def _once(measure: Callable[[], Awaitable[list[Figure]]]) -> list[Figure]:
    async with asyncio.timeout(LIMIT_SECONDS):
        return await measure()


def _middle(same: tuple[Figure, ...]) -> Figure:
    return replace(same[0], value=median(figure.value for figure in same))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benches.lifecycle", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"what to measure: {', '.join(PARTS)}")
    parser.add_argument("--times", type=int, default=TIMES, help="how often")
    arguments = parser.parse_args()
    names: list[str] = arguments.parts or list(PARTS)
    if unknown := set(names) - set(PARTS):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there is {', '.join(PARTS)}")
    asyncio.run(run(names, arguments.times))


if __name__ == "__main__":
    main()
