"""A hundred thousand mutated headers a container: `make fuzz-decoders`, with COUNT= for fewer.

Meanwhile a real server is sent some of them, one stream after the other, and somebody speaks there.
"""

import asyncio
import os
import sys
import tempfile
from itertools import islice
from pathlib import Path

import django

import tests.environment  # noqa: F401 -- before Django reads its settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "habla_project.settings")
django.setup()

from sessions_app.audio import Encoding  # noqa: E402 -- Django comes first
from sessions_app.errors import DecodeError  # noqa: E402 -- see above
from tests.fuzz.headers import mutated  # noqa: E402 -- see above
from tests.fuzz.running import check, fuzz  # noqa: E402 -- see above
from tests.lifecycle.invariants import MEGABYTE, resident_bytes, served  # noqa: E402 -- see above
from tests.server.running import Running, environment, manage  # noqa: E402 -- see above
from tests.server.test_decoders import NOTICED_SECONDS, Neighbour, neighbour, throw  # noqa: E402 -- see above

COUNT = 100_000
ENCODINGS = (Encoding.MP4_AAC, Encoding.OGG_OPUS, Encoding.WEBM_OPUS)
SEED_OF_SERVER = 1_000_000
"""Beyond those of the batches: the server is sent others."""


async def run(count: int) -> None:
    """Decode ``count`` mutated headers of each container, with a server beside; tell of it."""
    with tempfile.TemporaryDirectory(prefix="habla-fuzz-") as directory:
        data_dir = Path(directory)
        code, said = await manage("migrate", "--verbosity=0", env=environment(data_dir))
        assert code == 0, said
        async with served(data_dir) as server, neighbour(server) as beside:
            before = resident_bytes(server.pid)
            for encoding in ENCODINGS:
                await _fuzz_one(encoding, count, server, beside)
            grown = (resident_bytes(server.pid) - before) / MEGABYTE
        _say(f"the server grew by {grown:.1f} MB")


async def _fuzz_one(encoding: Encoding, count: int, server: Running, beside: Neighbour) -> None:
    beside.count, beside.longest = 0, 0.0
    batches = asyncio.create_task(asyncio.to_thread(fuzz, encoding, count))
    sent = 0
    for stream in islice(mutated(encoding, SEED_OF_SERVER), count):
        if batches.done():
            break
        assert set(await throw(server, encoding, stream)) <= {DecodeError.code}
        sent += 1
    outcome = await batches
    _say(f"{encoding}: {outcome}")
    _say(f"  beside it {sent} to a server, where {beside.count} sentences were told, the slowest")
    _say(f"  after {beside.longest:.2f} s")
    check(outcome, count)
    assert beside.count > 0
    assert beside.longest < NOTICED_SECONDS


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1]) if sys.argv[1:] else COUNT))
