"""Mutated headers, decoded in processes that take a bounded number of them each."""

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
"""The allocator returns little of what is freed at once: a batch is three times as fast."""
MOST_MEGABYTES = 250
MOST_SECONDS = 5.0
"""How long one header may take: a decoder's process that takes longer is killed."""


def fuzz(encoding: Encoding, count: int) -> Outcome:
    """Return the outcome of ``count`` mutated headers."""
    *_, whole = batches(encoding, count)
    return whole


def batches(encoding: Encoding, count: int) -> Iterator[Outcome]:
    """Yield the outcome of the first 5,000 of ``count`` mutated headers, of 10,000, and so on."""
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
    """Fail if one of them exceeded a decoder's limits, or was neither decoded nor refused."""
    assert outcome.count == count
    assert outcome.megabytes < MOST_MEGABYTES
    assert outcome.longest_seconds < MOST_SECONDS
