"""A hundred thousand mutated headers a container: `make fuzz-decoders`, with COUNT= for fewer.

Its arguments are how many, and which encodings; without arguments, all of each encoding.
Meanwhile a real server is sent some of them, one stream after the other, and somebody speaks there.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median

import django

import tests.environment  # noqa: F401 -- before Django reads its settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "habla_project.settings")
django.setup()

from sessions_app.core.audio import Encoding  # noqa: E402 -- Django comes first
from sessions_app.core.errors import DecodeError  # noqa: E402 -- see above
from tests.fuzz.headers import Outcome, mutated  # noqa: E402 -- see above
from tests.fuzz.running import batches, check  # noqa: E402 -- see above
from tests.lifecycle.invariants import MEGABYTE, resident_bytes, served  # noqa: E402 -- see above
from tests.server.running import Running, environment, manage  # noqa: E402 -- see above
from tests.server.test_decoders import NOTICED_SECONDS, PAUSE_SECONDS, Neighbour, neighbour, throw  # noqa: E402 -- see above

COUNT = 100_000
ENCODINGS = (Encoding.MP4_AAC, Encoding.OGG_OPUS, Encoding.WEBM_OPUS)
MOST_GROWN = 60 * MEGABYTE
SEED_OF_SERVER = 1_000_000
"""Beyond the seeds of the batches: the server is sent other headers."""


async def run(count: int, encodings: Iterable[Encoding]) -> None:
    """Decode ``count`` mutated headers of each container, and send others to a server; report."""
    with tempfile.TemporaryDirectory(prefix="habla-fuzz-") as directory:
        data_dir = Path(directory)
        code, said = await manage("migrate", "--verbosity=0", env=environment(data_dir))
        assert code == 0, said
        async with served(data_dir) as server, neighbour(server) as beside:
            for encoding in encodings:
                await _fuzz_one(encoding, count, server, beside)


async def _fuzz_one(encoding: Encoding, count: int, server: Running, beside: Neighbour) -> None:
    beside.delays.clear()
    before = resident_bytes(server.pid)
    deciding = asyncio.create_task(asyncio.to_thread(_decide, encoding, count))
    sent = 0
    for stream in mutated(encoding, SEED_OF_SERVER):
        assert set(await throw(server, encoding, stream)) <= {DecodeError.code}
        sent += 1
        if deciding.done():
            break
        await asyncio.sleep(PAUSE_SECONDS)
    grown = resident_bytes(server.pid) - before
    _say(f"{encoding}: {sent} more were sent to a server, which grew by {grown / MEGABYTE:.1f} MB;")
    _say(
        f"  {beside.count} sentences beside them were told after {median(beside.delays):.2f} s,"
        f" the slowest after {beside.longest:.2f} s"
    )
    check(await deciding, count)
    assert beside.count > 0
    assert beside.longest < NOTICED_SECONDS
    assert grown < MOST_GROWN


def _decide(encoding: Encoding, count: int) -> Outcome:
    began_at = time.monotonic()
    for outcome in batches(encoding, count):
        _say(f"{encoding}, {time.monotonic() - began_at:.0f} s: {outcome.count}, {outcome}")
    return outcome


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    count_, *names = sys.argv[1:] or [str(COUNT)]
    asyncio.run(run(int(count_), map(Encoding, names) if names else ENCODINGS))
