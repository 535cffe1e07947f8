"""When and how a client's network fails, drawn at random from a seed."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from math import log

from tests.lifecycle.resuming.client import ResumingClient
from tests.lifecycle.resuming.network import Fault, FaultyNetwork, Way

CALM_SECONDS = 2.5
"""How long it may go well between two cuts."""
COMMAND_SECONDS = 10.0
"""How long a cut waits for a command, to strike then."""
MOST_BYTES = 12_000
"""Within how many bytes a connection fails in mid-frame: a frame of sound, and more."""


class Moment(Enum):
    """When a connection fails."""

    ANY = auto()
    AGAIN = auto()
    """Soon after the cut before, in the same sentence."""
    WITHIN_FRAME = auto()
    """In the middle of a frame that the client sends."""
    WITHIN_MESSAGE = auto()
    """In the middle of what the server tells."""
    AT_COMMAND = auto()
    """Just after the client sent a command: start_listening, stop_listening, new_conversation."""
    WHILE_RESUMING = auto()
    """In the middle of the next connection's beginning."""


AIMED = (Moment.WITHIN_FRAME, Moment.WITHIN_MESSAGE, Moment.WHILE_RESUMING)
"""Moments that are counted in bytes. Whatever is held up is lost in none of them."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One cut."""

    moment: Moment
    fault: Fault
    seconds: float
    """How long the network is gone."""
    after_seconds: float
    after_bytes: int
    way: Way
    is_refusing: bool
    """Whether connections are refused meanwhile; else nobody answers."""


def draw(rng: random.Random, count: int, shortest: float, longest: float) -> Iterator[Cut]:
    """Yield ``count`` cuts of ``shortest`` to ``longest`` seconds; short ones are as likely as
    long ones, by their order of magnitude."""
    for _ in range(count):
        moment = rng.choice(list(Moment))
        faults = [fault for fault in Fault if fault is not Fault.STALLED or moment not in AIMED]
        ways = {Moment.WITHIN_FRAME: Way.TO_SERVER, Moment.WITHIN_MESSAGE: Way.TO_CLIENT}
        is_soon = moment in (Moment.AGAIN, Moment.AT_COMMAND)
        yield Cut(
            moment,
            rng.choice(faults),
            2.718281828 ** rng.uniform(log(shortest), log(longest)),
            rng.uniform(0, 0.03) if is_soon else rng.uniform(0, CALM_SECONDS),
            rng.randrange(1, MOST_BYTES if moment is Moment.WITHIN_FRAME else 1_500),
            ways.get(moment) or rng.choice(list(Way)),
            rng.random() < 0.5,
        )


async def strike(cut: Cut, network: FaultyNetwork, client: ResumingClient) -> None:
    """Let the network fail as ``cut`` says, and mend it."""
    await _wait_for(cut, client)
    if cut.moment is Moment.WHILE_RESUMING:
        network.fail_next_after(cut.fault, cut.way, cut.after_bytes)
        network.fail(Fault.RESET, is_refusing=True)
    elif cut.moment in AIMED:
        network.fail_after(cut.fault, cut.way, cut.after_bytes)
        return
    else:
        network.fail(cut.fault, is_refusing=cut.is_refusing)
    await asyncio.sleep(cut.seconds)
    network.mend()


async def _wait_for(cut: Cut, client: ResumingClient) -> None:
    if cut.moment is Moment.AT_COMMAND:
        client.commanded.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(COMMAND_SECONDS):
                await client.commanded.wait()
    await asyncio.sleep(cut.after_seconds)
