"""Measures all parts, or those named: `python -m benches [captions] [memory] [sessions] ...`."""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable

from benches import apart, captions, memory, sessions, sound, traffic
from benches.report import Figure, machine, print_table, say
from benches.serving import keep_to_second_core

LIMIT_SECONDS = 1200.0
"""The time limit of each part."""
PARTS: dict[str, tuple[str, Callable[[], Awaitable[list[Figure]]]]] = {
    "captions": ("Delays at a real client, engine time zero", captions.measure),
    "sound": ("Sound before it is recognised, CPU per second of it", sound.measure),
    "apart": ("Sound that libav decodes in a process of its own", apart.measure),
    "traffic": ("Bytes to a client", traffic.measure),
    "memory": ("Memory", memory.measure),
    "sessions": ("Sessions at real time on one core", sessions.measure),
}


async def run(names: list[str]) -> None:
    """Measure the parts of these names, one after the other."""
    say(machine())
    keep_to_second_core()
    for name in names:
        title, measure = PARTS[name]
        began_at = time.monotonic()
        async with asyncio.timeout(LIMIT_SECONDS):
            figures = await measure()
        print_table(f"{title} ({time.monotonic() - began_at:.0f} s)", figures)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benches", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"what to measure: {', '.join(PARTS)}")
    names: list[str] = parser.parse_args().parts or list(PARTS)
    if unknown := set(names) - set(PARTS):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there is {', '.join(PARTS)}")
    asyncio.run(run(names))


if __name__ == "__main__":
    main()
