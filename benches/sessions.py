"""How many sessions one core serves in real time, Habla's way and the usual way.

Sessions are added step by step until the time from sending a slice to the verdict on its last frame
becomes too long. Server and clients have a core each. The speed of the machine varies, so the ways
take turns, and the result of each is the median of its rounds.

What a server uses of another core than its own (onnxruntime's threads, unless they are limited to
one) counts: the results are sessions per core of time used. Neither side transcribes or records,
as the usual way can do neither.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from time import monotonic

from benches import sounds
from benches.engines import NOTE
from benches.report import Figure, percentile, say
from benches.serving import FAKES, Server, baseline, core_busy_seconds, habla
from benches.talking import Talker, talker
from sessions_app.core.audio import to_samples

P50_MILLISECONDS = 100.0
P99_MILLISECONDS = 300.0
FIRST_STEP = 24
SMALLEST_STEP = 0.025
"""As a share of the sessions that are there."""
FULL = 0.9
"""How busy a core may be while sessions are still added in large steps."""
ROUNDS = 3
LOOKS = 3
"""How often a bad window is measured again, in case the machine was briefly busy."""
SETTLE_SECONDS = 1.0
WINDOW_SECONDS = 3.0
ENOUGH_SECONDS = 90.0
"""How long sessions are added at most, and how long each one can talk."""
SLACK_SAMPLES = 2048
"""How much a decoder and the framing may hold back: ffmpeg keeps one packet of 60 ms."""
LOST_MILLISECONDS = 10_000.0
"""The delay that counts for a slice that was not judged by the end of its window."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way of serving."""

    name: str
    serve: Callable[[], AbstractAsyncContextManager[Server]]
    encoding: str | None


@dataclass(frozen=True, slots=True)
class Window:
    """What was measured in a few seconds."""

    p50: float
    """Of the delays, in ms."""
    p99: float
    busy: float
    """Share of the server's core that was in use, 0..1."""
    cores: float
    """How many cores the server used, including its children and threads on other cores."""

    @property
    def is_good(self) -> bool:
        """Return whether it was real time."""
        return self.p50 <= P50_MILLISECONDS and self.p99 <= P99_MILLISECONDS


async def measure() -> list[Figure]:
    """Return how many sessions each way serves, and the ratio."""
    slices = await asyncio.to_thread(_slices)
    engines = {
        "HABLA_DETECTOR": "benches.engines.ProbedDetector",
        "HABLA_TRANSCRIBER": "benches.engines.FarTranscriber",
        "HABLA_RECORDING": "off",
    }
    ways = [
        Way("Habla", partial(habla, FAKES | engines), "webm-opus"),
        Way("usual", baseline, None),
        Way("tuned", partial(baseline, 1), None),
    ]
    rounds = [[await _capacity(way, slices) for way in ways] for _ in range(ROUNDS)]
    habla_holds, usual_holds, tuned_holds = map(median, zip(*rounds, strict=True))
    return [
        Figure("sessions a core holds, Habla", habla_holds, ""),
        Figure("the usual way: ffmpeg each, a detector call a frame", usual_holds, ""),
        Figure("the same, its detector told to keep to one thread", tuned_holds, ""),
        Figure("Habla to the usual way", habla_holds / max(usual_holds, 1), "x", at_least=3),
        Figure("Habla to the one with one thread", habla_holds / max(tuned_holds, 1), "x"),
    ]


def _slices() -> list[bytes]:
    return sounds.webm_slices(sounds.spoken(ENOUGH_SECONDS + 15))


async def _capacity(way: Way, slices: list[bytes]) -> float:
    """Return how many sessions ``way`` serves per core that it uses."""
    deadline = monotonic() + ENOUGH_SECONDS
    async with way.serve() as server, _crowd(server.port, way.encoding, slices) as crowd:
        holds, cores, step = 0, 1.0, FIRST_STEP
        while monotonic() < deadline:
            await crowd.grow(step)
            window = await _look(way, server, crowd)
            if not window.is_good:
                break
            holds, cores = len(crowd.talkers), max(1.0, window.cores)
            step = round(holds * max(SMALLEST_STEP, min(4, _room(window) * 0.8)))
        else:
            say(f"  {way.name:6} time is up: it may hold more")
        say(f"  {way.name:6} holds {holds / cores:.0f} a core")
        return holds / cores


def _room(window: Window) -> float:
    """Return by what factor more sessions would fill the core."""
    return FULL / max(window.busy, 0.01) - 1


async def _look(way: Way, server: Server, crowd: "Crowd") -> Window:
    for _ in range(LOOKS):
        await asyncio.sleep(SETTLE_SECONDS)
        begin_at, busy, used = monotonic(), core_busy_seconds(), server.cpu_seconds
        await asyncio.sleep(WINDOW_SECONDS)
        end_at, busy = monotonic(), core_busy_seconds() - busy
        used = server.cpu_seconds - used
        await asyncio.sleep(P99_MILLISECONDS / 1000)
        delays = _delays(server.probe, crowd.talkers, begin_at, end_at)
        p50, p99 = percentile(delays, 50), percentile(delays, 99)
        seconds = end_at - begin_at
        window = Window(p50, p99, busy / seconds, used / seconds)
        say(
            f"  {way.name:6} {len(crowd.talkers):4} sessions  p50 {p50:7.1f} ms  "
            f"p99 {p99:7.1f} ms  core {100 * window.busy:3.0f} % busy, {window.cores:.2f} used"
        )
        if window.is_good:
            break
    return window


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
        """Add ``count`` clients, one by one, spread evenly over a slice."""
        for number in range(count):
            client = await self._clients.enter_async_context(
                talker(self._port, "session", self._encoding)
            )
            self.talkers.append(client)
            begin_at = monotonic() + sounds.SLICE_SECONDS * number / count
            talk = client.talk(self._slices, sounds.SLICE_SECONDS, begin_at)
            self._talking.append(asyncio.create_task(talk, name="bench talker"))

    async def leave(self) -> None:
        """Stop all clients from talking."""
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
