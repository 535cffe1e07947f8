"""Thousands of sessions on one real server, and what it holds each time all have left."""

import asyncio
import json
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from tests.lifecycle.invariants import (
    MEGABYTE,
    Held,
    fewest,
    held,
    let_go,
    resident_bytes,
    rows,
)
from tests.patience import PATIENCE_SECONDS
from tests.server.running import LAST_OF_ENGINES, Running, running
from tests.soak.resuming_ways import RESUME_SECONDS
from tests.soak.ways import FAILING_WORD, WAYS, Way

AT_ONCE = 50
GROWTH_MEGABYTES = 10.0
"""How many MB a server may grow after its first stage, however many sessions come."""
ENGINE = {"BACKEND": "fake", "OPTIONS": {"failing_word": FAILING_WORD, "parallel": 4}}
WARMING = [way for way in WAYS if way.is_greedy for _ in range(2 * way.share)]
"""The warm-up, which is not counted: as many greedy clients at once as ever later."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the server holds when so many sessions have come, and all have left."""

    sessions: int
    seconds: float
    """Seconds since the first session."""
    held: Held
    megabytes: float

    def __str__(self) -> str:
        held = self.held
        return (
            f"{self.sessions:8} {self.seconds:7.0f} s {held.tasks:4} tasks {held.threads:3} threads"
            f"{held.descriptors:5} descriptors {held.children:2} children {self.megabytes:7.1f} MB"
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """How often each kind of visit came, and the reasons in the rows of ended sessions."""

    ways: Counter[str]
    reasons: Counter[str]

    @property
    def problems(self) -> list[str]:
        """Return what does not match; one that is reset before it is ready may leave no row."""
        expected: Counter[str] = Counter()
        for way in WAYS:
            expected[way.reason] += self.ways[way.name]
            if way.then:
                expected[way.then] += self.ways[way.name]
        unsure = {"connection_lost"}
        return [
            f"{self.reasons[reason]} rows end with {reason}, not {expected[reason]}"
            for reason in expected | self.reasons
            if reason not in unsure and self.reasons[reason] != expected[reason]
        ]


def a_hundred(rng: random.Random) -> list[Way]:
    """Return a hundred visits in random order, the greedy ones first.

    So each hundred has the same peak of memory, which the allocator does not give back.
    """
    ways = [way for way in WAYS for _ in range(way.share)]
    rng.shuffle(ways)
    return sorted(ways, key=lambda way: not way.is_greedy)


async def soak(data_dir: Path, count: int, *, stage: int) -> AsyncIterator[Look]:
    """Run ``count`` sessions, and measure after every ``stage`` of them.

    In the middle of each stage the engines are reloaded. Both counts are multiples of a hundred.
    Fails if the server keeps anything but memory, leaves a row open, closed twice or unbalanced,
    logs what no server should log, or does not end with 0.
    """
    rng = random.Random(count)
    began_at = monotonic()
    choices = {
        "HABLA_TRANSCRIBER": json.dumps(ENGINE),
        "HABLA_MAX_SESSIONS": "300",
        "HABLA_RESUME_SECONDS": str(RESUME_SECONDS),
    }
    async with running(data_dir, **choices) as server:  # type: ignore[arg-type]
        await _warm_up(server)
        baseline = await fewest(server)
        for come in range(stage, count + 1, stage):
            ways = [way for _ in range(stage // 100) for way in a_hundred(rng)]
            await _come_and_leave(server, ways)
            await server.until_said(LAST_OF_ENGINES)
            await let_go(server, baseline)
            megabytes = resident_bytes(server.pid) / MEGABYTE
            yield Look(come, monotonic() - began_at, await fewest(server), megabytes)
        server.signal()
        assert await server.ended() == 0
    assert [row.problem for row in rows(data_dir) if row.problem] == []


async def _warm_up(server: Running) -> None:
    """Warm the server up by sessions, requests and greedy clients: what it gains then, it keeps."""
    await asyncio.gather(*(way.visit(server) for way in WARMING))
    await asyncio.gather(*(held(server) for _ in range(AT_ONCE)))


async def _come_and_leave(server: Running, ways: list[Way]) -> None:
    coming = _with_a_restart(server, ways)
    async with asyncio.TaskGroup() as crowd:
        for _ in range(AT_ONCE):
            crowd.create_task(_visit(server, coming))


def _with_a_restart(server: Running, ways: list[Way]) -> Iterator[Way]:
    for number, way in enumerate(ways):
        if number == len(ways) // 2:
            server.signal(signal.SIGHUP)
        yield way


async def _visit(server: Running, coming: Iterator[Way]) -> None:
    for way in coming:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await way.visit(server)
        except Exception as error:
            error.add_note(f"by one who {way.name}")
            raise


def outcome(data_dir: Path, count: int) -> Outcome:
    """Return how a soak of ``count`` sessions ended, by its rows without those of the warm-up."""
    ways = Counter({way.name: way.share * count // 100 for way in WAYS})
    return Outcome(ways, Counter(row.reason for row in rows(data_dir)[len(WARMING) :]))
