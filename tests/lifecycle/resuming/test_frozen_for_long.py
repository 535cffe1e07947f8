"""A server that is frozen for longer than it waits for its clients: no session is torn in two.

Each goes on for the client that comes back, or has ended with its reason and another continues it;
either way every word is told and kept once.
"""

import asyncio
import itertools
import signal
from collections import Counter
from collections.abc import Callable
from enum import Enum, auto
from functools import partial
from pathlib import Path

from sessions_app.core.audio import Encoding
from tests.lifecycle.invariants import reasons, served, status
from tests.lifecycle.resuming.absence import problems_of_absence, speak_with_a_pause
from tests.lifecycle.resuming.crowd import port_of
from tests.lifecycle.resuming.network import Fault, FaultyNetwork
from tests.server.running import Running

RESUME_SECONDS = 3.0
FROZEN_SECONDS = 5.0
BACK_OFF_SECONDS = 0.5
"""Longer than a client waits before it tries again."""


class Client(Enum):
    """Where a client is while the server is frozen."""

    THERE = auto()
    """Its connection stands, until it notices that nothing comes."""
    BACK_AT_ONCE = auto()
    """It was away before, and its new connection waits for the server to go on."""
    BACK_LATER = auto()
    """It was away before, and comes when its session has ended."""


CASES = list(itertools.product(Client, (Encoding.PCM_S16LE, Encoding.WEBM_OPUS)))
AWAY = sum(client is not Client.THERE for client, _ in CASES)
LATE = sum(client is Client.BACK_LATER for client, _ in CASES)


class Freeze:
    """What the clients of a server and whoever freezes it wait for."""

    def __init__(self) -> None:
        self._all_have_spoken = asyncio.Barrier(len(CASES))
        self._is_nearly_over = asyncio.Event()
        self._sessions_ended = asyncio.Event()

    async def be_away(self, client: Client, network: FaultyNetwork) -> None:
        """Lose the connection, unless ``client`` stays there, and come back when it is time."""
        await self._all_have_spoken.wait()
        if client is Client.THERE:
            return
        network.fail(Fault.RESET, is_refusing=True)
        is_at_once = client is Client.BACK_AT_ONCE
        await (self._is_nearly_over if is_at_once else self._sessions_ended).wait()
        network.mend()

    async def freeze(self, server: Running) -> None:
        """Freeze the server as soon as those that are to be away are."""
        await until(
            server, lambda states: len(states) - states.count("detached") == len(CASES) - AWAY
        )
        server.signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(FROZEN_SECONDS)
            self._is_nearly_over.set()
            await asyncio.sleep(BACK_OFF_SECONDS)
        finally:
            server.signal(signal.SIGCONT)
        await until(server, lambda states: len(states) <= len(CASES) - LATE)
        self._sessions_ended.set()


async def until(server: Running, holds: Callable[[list[str]], bool]) -> None:
    """Wait until something holds of the states of all sessions."""
    while not holds([each["state"] for each in (await status(server))["sessions"]]):  # noqa: ASYNC110 -- it tells nobody
        await asyncio.sleep(0.2)


async def test_every_word_is_kept_once_however_long_a_server_is_frozen(data_dir: Path) -> None:
    freeze = Freeze()
    async with served(data_dir, HABLA_RESUME_SECONDS=str(RESUME_SECONDS)) as server:
        port = port_of(server.address)
        freezing = asyncio.create_task(freeze.freeze(server))
        clients = await asyncio.gather(
            *(
                speak_with_a_pause(port, encoding, partial(freeze.be_away, client))
                for client, encoding in CASES
            )
        )
        await freezing
    late = [len(client.told("ready")) > 1 for client in clients]
    for (where, encoding), client, is_late in zip(CASES, clients, late, strict=True):
        assert problems_of_absence(data_dir, client, is_late=is_late) == [], (where, encoding)
        if where is not Client.BACK_AT_ONCE:  # either may be; it has one second
            assert is_late is (where is Client.BACK_LATER)
    assert Counter(reasons(data_dir)) == {
        "client_left": len(CASES),
        "not_resumed": sum(late),
    }
