"""Mutated headers, decoded in processes of a bounded number of them each."""

import json
import subprocess
import sys
from collections.abc import Iterator

from sessions_app.core.audio import Encoding
from sessions_app.engines.decoding.process import environment
from tests.fuzz.headers import Outcome

BATCH = 5_000
BATCH_SECONDS = 1800
KEEPS_MEMORY = {"MALLOC_TRIM_THRESHOLD_": "16000000", "MALLOC_MMAP_THRESHOLD_": "1000000"}
"""Little that is freed is given back at once: three times as many in the same time."""
MOST_MEGABYTES = 250
MOST_SECONDS = 5.0
"""What one header may take: a decoder's process that takes longer is ended."""


def fuzz(encoding: Encoding, count: int) -> Outcome:
    """Return what became of ``count`` mutated headers."""
    *_, whole = batches(encoding, count)
    return whole


def batches(encoding: Encoding, count: int) -> Iterator[Outcome]:
    """Yield what became of the first 5,000 of ``count`` mutated headers, of 10,000, and so on."""
    whole = Outcome()
    for seed, first in enumerate(range(0, count, BATCH)):
        whole = whole.plus(_try_batch(encoding, seed, min(BATCH, count - first)))
        yield whole


def _try_batch(encoding: Encoding, seed: int, size: int) -> Outcome:
    told = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.headers", encoding, str(seed), str(size)],
        capture_output=True,
        text=True,
        check=True,
        env={**environment(), **KEEPS_MEMORY},
        timeout=BATCH_SECONDS,
    )
    return Outcome(**json.loads(told.stdout))


def check(outcome: Outcome, count: int) -> None:
    """Fail if one of them broke a decoder's bounds, or was not decided."""
    assert outcome.count == count
    assert outcome.megabytes < MOST_MEGABYTES
    assert outcome.longest_seconds < MOST_SECONDS
