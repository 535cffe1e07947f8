"""A server that is frozen now and then, as a machine is that is suspended."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.server.running import Running

THAWED_SECONDS = (1.0, 4.0)
FROZEN_SECONDS = (0.2, 4.0)


@asynccontextmanager
async def frozen_at_times(server: Running, times: int, rng: random.Random) -> AsyncIterator[None]:
    """Freeze the server so often, for a while each time; go on without it at the end."""

    async def freeze() -> None:
        for _ in range(times):
            await asyncio.sleep(rng.uniform(*THAWED_SECONDS))
            server.signal(signal.SIGSTOP)
            try:
                await asyncio.sleep(rng.uniform(*FROZEN_SECONDS))
            finally:
                server.signal(signal.SIGCONT)

    freezing = asyncio.create_task(freeze())
    try:
        yield
    finally:
        freezing.cancel()
        await asyncio.wait({freezing})
