"""Mutated headers, decoded in processes of a bounded number of them each."""

import json
import subprocess
import sys

from sessions_app.audio import Encoding
from sessions_app.engines.decoder_process import environment
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
    whole = Outcome()
    for seed, first in enumerate(range(0, count, BATCH)):
        size = min(BATCH, count - first)
        told = subprocess.run(
            [sys.executable, "-m", "tests.fuzz.headers", encoding, str(seed), str(size)],
            capture_output=True,
            text=True,
            check=True,
            env={**environment(), **KEEPS_MEMORY},
            timeout=BATCH_SECONDS,
        )
        part = Outcome(**json.loads(told.stdout))
        whole = Outcome(
            whole.heard + part.heard,
            whole.refused_by_guard + part.refused_by_guard,
            whole.refused_behind + part.refused_behind,
            max(whole.longest_seconds, part.longest_seconds),
            max(whole.megabytes, part.megabytes),
        )
    return whole


def check(outcome: Outcome, count: int) -> None:
    """Fail if one of them broke a decoder's bounds, or was not decided."""
    assert outcome.heard + outcome.refused_by_guard + outcome.refused_behind == count
    assert outcome.megabytes < MOST_MEGABYTES
    assert outcome.longest_seconds < MOST_SECONDS
