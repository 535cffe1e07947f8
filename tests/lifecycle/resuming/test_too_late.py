"""Who comes back after the time is over goes on in a new session of the same conversation."""

import asyncio
import itertools
from pathlib import Path

from sessions_app.core.audio import Encoding
from tests.lifecycle.invariants import reasons, served
from tests.lifecycle.resuming.absence import problems_of_absence, speak_with_an_absence
from tests.lifecycle.resuming.crowd import port_of

LIMIT_SECONDS = 4.0
SHARES = (0.5, 1.5)
"""Of that time: how long a client is away."""


async def test_every_word_is_kept_once_before_and_after_the_limit(data_dir: Path) -> None:
    cases = list(itertools.product(SHARES, Encoding))
    async with served(data_dir, HABLA_RESUME_SECONDS=str(LIMIT_SECONDS)) as server:
        port = port_of(server.address)
        clients = await asyncio.gather(
            *(
                speak_with_an_absence(port, encoding, share * LIMIT_SECONDS)
                for share, encoding in cases
            )
        )
    for (share, encoding), client in zip(cases, clients, strict=True):
        assert problems_of_absence(data_dir, client, is_late=share > 1) == [], encoding
    late = len(Encoding)
    assert sorted(reasons(data_dir)) == ["client_left"] * 2 * late + ["not_resumed"] * late
