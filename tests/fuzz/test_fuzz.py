"""Mutated headers are decoded or refused, in bounded memory and time: the short form."""

from itertools import count, islice
from pathlib import Path

import pytest

from sessions_app.core.audio import Encoding
from sessions_app.core.errors import DecodeError
from tests.fuzz.headers import mutated
from tests.fuzz.running import check, fuzz
from tests.lifecycle.invariants import resident_bytes, served
from tests.server.conftest import data_dir, migrated
from tests.server.test_decoders import MEGABYTE, NOTICED_SECONDS, neighbour, throw

__all__ = ["data_dir", "migrated"]

COUNT = 300
ENCODINGS = (Encoding.MP4_AAC, Encoding.OGG_OPUS, Encoding.WEBM_OPUS)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_mutated_headers_are_decided_within_bounds(encoding: Encoding) -> None:
    outcome = fuzz(encoding, COUNT)
    check(outcome, COUNT)
    assert outcome.heard > 0
    assert outcome.refused_by_guard > 0


async def test_a_session_beside_mutated_headers_is_undisturbed(data_dir: Path) -> None:
    async with served(data_dir) as server, neighbour(server) as beside:
        before = resident_bytes(server.pid)
        seeds = count(1)
        while beside.count <= 3:  # on a fast machine they are done before much is said
            seed = next(seeds)
            for encoding in ENCODINGS:
                for stream in islice(mutated(encoding, seed), 6):
                    assert set(await throw(server, encoding, stream)) <= {DecodeError.code}
        assert beside.longest < NOTICED_SECONDS
        assert resident_bytes(server.pid) - before < 60 * MEGABYTE
