"""Speakers side by side on one server, each through a network of its own that fails."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from sessions_app.core.audio import Encoding
from tests.lifecycle.resuming.client import ResumingClient
from tests.lifecycle.resuming.cuts import draw
from tests.lifecycle.resuming.network import FaultyNetwork, faulty_network
from tests.lifecycle.resuming.speaker import Speaker

SENTENCES_APART = 2_000
"""How far apart the numbers of two speakers' sentences begin."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How many speak, and how they are cut."""

    speakers: int
    cuts: int
    """How often each is cut."""
    shortest_seconds: float = 0.1
    longest_seconds: float = 2.0
    """How long the network is gone."""
    limit_seconds: float = 300.0
    """Until when all must be told that was said: a decoder alone may take a minute, where the
    machine gives it no time."""


@asynccontextmanager
async def crowd(port: int, scale: Scale, seed: int) -> AsyncIterator[list[Speaker]]:
    """Bring speakers to the server at ``port``, in the four encodings by turns.

    The same seed gives the same cuts.
    """
    async with AsyncExitStack() as networks:
        speakers = []
        for number in range(scale.speakers):
            network = await networks.enter_async_context(faulty_network(port))
            speakers.append(_speaker(network, number, random.Random(seed + number)))
        yield speakers


async def speak_and_be_cut(port: int, scale: Scale, seed: int) -> list[Speaker]:
    """Let all speak side by side and be cut off, until all have left."""
    async with crowd(port, scale, seed) as speakers, asyncio.TaskGroup() as tasks:
        for speaker in speakers:
            cuts = draw(speaker.rng, scale.cuts, scale.shortest_seconds, scale.longest_seconds)
            tasks.create_task(speaker.run(speaker.be_cut(cuts), scale.limit_seconds))
    return speakers


def _speaker(network: FaultyNetwork, number: int, rng: random.Random) -> Speaker:
    client = ResumingClient(f"ws://127.0.0.1:{network.port}/ws/session/")
    encodings = list(Encoding)
    encoding = encodings[number % len(encodings)]
    return Speaker(client, network, encoding, rng, number * SENTENCES_APART)


def port_of(address: str) -> int:
    """Return the port of a server's address."""
    return urlsplit(address).port or 80
