"""How many sessions one core holds at real time, Habla's way and the usual way.

Sessions are added step by step until the time from sending a slice to its last frame's verdict
grows too long. Server and clients have a core each; both servers face the same clients in the same
minute or two. Nothing is recognised.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from benches import sounds
from benches.engines import NOTE
from benches.report import Figure, percentile, say
from benches.serving import FAKES, Server, baseline, habla
from benches.talking import Talker, talker
from sessions_app.audio import to_samples

P50_MILLISECONDS = 100.0
P99_MILLISECONDS = 300.0
SETTLE_SECONDS = 1.0
WINDOW_SECONDS = 3.0
ENOUGH_SECONDS = 110.0
"""How long sessions are added at most; also how long each one could talk."""
SLACK_SAMPLES = 1024
"""What a decoder and the framing may rightly hold back: two frames."""
LOST_MILLISECONDS = 10_000.0
"""Counted for a slice that was not judged by the end of its window."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way of serving, and how fast its sessions are added."""

    name: str
    serve: AbstractAsyncContextManager[Server]
    encoding: str | None
    step: int


async def measure() -> list[Figure]:
    """Return how many sessions either way holds, and the ratio."""
    slices = await asyncio.to_thread(_slices)
    detector = {"HABLA_DETECTOR": "benches.engines.ProbedDetector"}
    habla_holds = await _capacity(Way("Habla", habla(FAKES | detector), "webm-opus", 24), slices)
    usual_holds = await _capacity(Way("usual", baseline(), None, 12), slices)
    return [
        Figure("sessions a core holds, Habla", habla_holds, ""),
        Figure("sessions a core holds, ffmpeg each and frame by frame", usual_holds, ""),
        Figure("ratio", habla_holds / max(usual_holds, 1), "x", at_least=3),
    ]


def _slices() -> list[bytes]:
    return sounds.webm_slices(sounds.spoken(ENOUGH_SECONDS + 15))


async def _capacity(way: Way, slices: list[bytes]) -> int:
    deadline = monotonic() + ENOUGH_SECONDS
    async with way.serve as server, _crowd(server.port, way.encoding, slices) as crowd:
        holds = 0
        while monotonic() < deadline and await _is_held(way, server, crowd):
            holds = len(crowd.talkers)
        return holds


async def _is_held(way: Way, server: Server, crowd: "Crowd") -> bool:
    await crowd.grow(way.step)
    for _ in range(2):  # a second look, in case the machine hiccuped
        await asyncio.sleep(SETTLE_SECONDS)
        begin_at, cpu = monotonic(), server.cpu_seconds
        await asyncio.sleep(WINDOW_SECONDS)
        busy = (server.cpu_seconds - cpu) / (monotonic() - begin_at)
        await asyncio.sleep(P99_MILLISECONDS / 1000)
        delays = _delays(server.probe, crowd.talkers, begin_at, begin_at + WINDOW_SECONDS)
        p50, p99 = percentile(delays, 50), percentile(delays, 99)
        say(
            f"  {way.name:6} {len(crowd.talkers):4} sessions  p50 {p50:7.1f} ms  "
            f"p99 {p99:7.1f} ms  {100 * busy:4.0f} % of a core"
        )
        if p50 <= P50_MILLISECONDS and p99 <= P99_MILLISECONDS:
            return True
    return False


class Crowd:
    """Clients that talk, more and more."""

    def __init__(
        self, port: int, encoding: str | None, slices: list[bytes], clients: AsyncExitStack
    ) -> None:
        self.talkers: list[Talker] = []
        self._port = port
        self._encoding = encoding
        self._slices = slices
        self._clients = clients
        self._talking: list[asyncio.Task[None]] = []

    async def grow(self, count: int) -> None:
        """Let ``count`` more come, one by one, spread evenly over a slice."""
        for number in range(count):
            client = await self._clients.enter_async_context(
                talker(self._port, "session", self._encoding)
            )
            self.talkers.append(client)
            begin_at = monotonic() + sounds.SLICE_SECONDS * number / count
            talk = client.talk(self._slices, sounds.SLICE_SECONDS, begin_at)
            self._talking.append(asyncio.create_task(talk, name="bench talker"))

    async def leave(self) -> None:
        """Let all fall silent."""
        for talking in self._talking:
            talking.cancel()
        await asyncio.gather(*self._talking, return_exceptions=True)


@asynccontextmanager
async def _crowd(port: int, encoding: str | None, slices: list[bytes]) -> AsyncIterator[Crowd]:
    async with AsyncExitStack() as clients:
        crowd = Crowd(port, encoding, slices, clients)
        try:
            yield crowd
        finally:
            await crowd.leave()


def _delays(path: Path, talkers: list[Talker], begin_at: float, end_at: float) -> list[float]:
    """Return how long each slice sent between the two moments took to be judged, in ms."""
    notes: dict[int, list[tuple[int, float]]] = {}
    for stream, samples, at in NOTE.iter_unpack(path.read_bytes()):
        notes.setdefault(stream, []).append((samples, at))
    return [
        delay
        for number, client in enumerate(talkers)
        for delay in _delays_of(client, notes.get(number, []), begin_at, end_at)
    ]


def _delays_of(
    client: Talker, notes: list[tuple[int, float]], begin_at: float, end_at: float
) -> list[float]:
    delays, judged = [], iter(notes)
    samples, at = 0, 0.0
    for number, sent_at in enumerate(client.sent_at, start=1):
        needed = number * to_samples(sounds.SLICE_SECONDS) - SLACK_SAMPLES
        while samples < needed:
            samples, at = next(judged, (2**62, sent_at + LOST_MILLISECONDS / 1000))
        if begin_at <= sent_at < end_at:
            delays.append(1000 * (at - sent_at))
    return delays
