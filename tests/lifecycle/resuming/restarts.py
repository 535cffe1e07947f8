"""A server that quits or is killed at any moment, and begins again on the same data directory."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from enum import Enum, auto
from pathlib import Path

from tests.lifecycle.resuming.crowd import Scale, crowd, port_of
from tests.lifecycle.resuming.speaker import Speaker
from tests.server.running import Running, running

UP_SECONDS = (1.0, 5.0)
"""How long a server serves before it ends."""
PATIENT = {"HABLA_DRAIN_SECONDS": "30", "HABLA_QUIT_SECONDS": "30"}
"""No limit cuts anything off, where all decoders start at once on a busy machine."""


class End(Enum):
    """How a server ends."""

    QUITS = auto()
    IS_KILLED = auto()


class Servers:
    """One server after the other, to which the networks of all speakers lead."""

    def __init__(self, data_dir: Path, choices: Mapping[str, str], seed: int) -> None:
        self._data_dir = data_dir
        self._choices = choices
        self._rng = random.Random(seed)
        self._over = asyncio.Event()
        self.are_ended = asyncio.Event()
        """Set when the last server is there, which stays."""

    @property
    def record_nothing(self) -> bool:
        """Return whether nothing is recorded."""
        return self._choices.get("HABLA_RECORDING") == "off"

    async def serve(self, ends: Sequence[End], speakers: Sequence[Speaker]) -> None:
        """Serve until ``quit``; before the last server there is one for each of ``ends``."""
        for end in ends:
            async with self._server(speakers) as server:
                await asyncio.sleep(self._rng.uniform(*UP_SECONDS))
                if end is End.IS_KILLED:
                    await server.kill()
                    continue
                await _quit(server)
        async with self._server(speakers) as server:
            self.are_ended.set()
            await self._over.wait()
            await _quit(server)

    def quit(self) -> None:
        """Let the last server end."""
        self._over.set()

    async def wait_until_one_stays(self) -> None:
        """Wait until no server ends any more before ``quit``."""
        await self.are_ended.wait()

    @asynccontextmanager
    async def _server(self, speakers: Sequence[Speaker]) -> AsyncIterator[Running]:
        choices = {**PATIENT, **self._choices}
        async with running(self._data_dir, **choices) as server:  # type: ignore[arg-type]
            for speaker in speakers:
                speaker.network.target = port_of(server.address)
            yield server


async def _quit(server: Running) -> None:
    server.signal()
    code = await server.ended()
    told = [line for line in server.log.splitlines() if "WARNING" in line or "ERROR" in line]
    assert code == 0, "\n".join(told[-20:])


async def speak_through_restarts(
    servers: Servers, ends: Sequence[End], scale: Scale, seed: int
) -> list[Speaker]:
    """Let all speak side by side while servers come and go, until all have left."""
    async with crowd(0, scale, seed) as speakers, asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(servers.serve(ends, speakers))
        async with asyncio.TaskGroup() as talking:
            for speaker in speakers:
                speaker.may_miss_events = End.IS_KILLED in ends
                speaker.may_begin_anew = servers.record_nothing
                talking.create_task(
                    speaker.run(servers.wait_until_one_stays(), scale.limit_seconds)
                )
        servers.quit()
        await serving
    return speakers
