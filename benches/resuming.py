"""What it costs that clients may come back, and how soon they have their words again.

A network in between is cut and mended (`tests/lifecycle/resuming`); clients hold what they say.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from time import monotonic

from websockets.asyncio.client import ClientConnection, connect

from benches import sounds
from benches.report import Figure, percentile
from benches.serving import FAKES, Server, habla
from benches.talking import FRAME_OVERHEAD_BYTES
from sessions_app.core.audio import Encoding
from tests.lifecycle.resuming.client import ResumingClient
from tests.lifecycle.resuming.network import Fault, FaultyNetwork, faulty_network
from tests.lifecycle.resuming.sound import Container

CUT = 20
"""Sessions that are cut at once for a short while."""
CUT_SECONDS = 5.0
HELD_SECONDS = 60.0
"""For how long one session is cut, whose client holds all that is said meanwhile."""
SENTENCE = sounds.speech(2.0) + sounds.silence(1.0)
SENTENCE_SECONDS = 3.0
WARM = 4
DETACHED = 44
ACKNOWLEDGED = 20
"""Sessions that listen at once, to be told what is kept."""
LISTENING_SECONDS = 30.0
PATIENCE_SECONDS = 30.0


async def measure() -> list[Figure]:
    """Return the figures."""
    captions, held = await _cut()
    each = await _detached()
    acknowledged, plain = await _listening(resumable=True), await _listening(resumable=False)
    hour = 3600 / LISTENING_SECONDS
    return [
        Figure(f"network back to first new caption, p95 of {CUT}", captions, "s", 1),
        Figure(f"network back to all of {HELD_SECONDS:g} s heard", held, "s", 15),
        Figure(f"a detached session, mean of {DETACHED}", each, "MB", 1.5),
        Figure("acknowledgements to a client in an hour", acknowledged[0] * hour, "MB", 0.3),
        Figure("their part of a core, for one session", acknowledged[1] - plain[1], "%", 2),
    ]


# --- coming back


async def _cut() -> tuple[float, float]:
    """Return how long the first new caption took, p95, and how long all held sound took."""
    async with habla(FAKES) as server, AsyncExitStack() as clients:
        many = [await clients.enter_async_context(_speaker(server)) for _ in range(CUT)]
        one = await clients.enter_async_context(_speaker(server))
        async with asyncio.TaskGroup() as tasks:
            holding = tasks.create_task(_hold(*one))
            cut = [tasks.create_task(_first_caption(*each)) for each in many]
        return percentile([each.result() for each in cut], 95), holding.result()


@asynccontextmanager
async def _speaker(server: Server) -> AsyncIterator[tuple[ResumingClient, FaultyNetwork]]:
    """Let a client speak without end, through a network of its own."""
    async with faulty_network(server.port) as network:
        client = ResumingClient(f"ws://127.0.0.1:{network.port}/ws/session/")
        running = asyncio.create_task(client.run(), name="bench client")
        await client.until("ready")
        speaking = asyncio.create_task(_speak(client), name="bench speaker")
        try:
            yield client, network
        finally:
            speaking.cancel()
            running.cancel()
            await asyncio.wait({speaking, running})


async def _speak(client: ResumingClient) -> None:
    client.begin(Container(Encoding.PCM_S16LE))
    began_at, number = monotonic(), 0
    while True:
        for chunk in sounds.chunks(SENTENCE):
            client.hear(chunk)
            number += 1
            await asyncio.sleep(began_at + number * sounds.CHUNK_SECONDS - monotonic())


async def _first_caption(client: ResumingClient, network: FaultyNetwork) -> float:
    """Return how long after the network's return the first caption came, without the back-off."""
    await asyncio.sleep(SENTENCE_SECONDS)
    network.fail(Fault.RESET, is_refusing=True)
    await asyncio.sleep(CUT_SECONDS)
    count = len(client.told("partial"))
    network.mend()
    await client.until("partial", count + 1)
    return _came_at(client, "partial", count) - client.attempted_at


async def _hold(client: ResumingClient, network: FaultyNetwork) -> float:
    """Return how long after the network's return all was told that was said in the meantime."""
    await asyncio.sleep(SENTENCE_SECONDS)
    network.fail(Fault.RESET, is_refusing=True)
    await asyncio.sleep(HELD_SECONDS)
    sentences = int((SENTENCE_SECONDS + HELD_SECONDS) / SENTENCE_SECONDS)
    network.mend()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await client.until("translation", sentences)
    return _came_at(client, "translation", sentences - 1) - client.attempted_at


def _came_at(client: ResumingClient, kind: str, number: int) -> float:
    moments = zip(client.heard, client.heard_at, strict=True)
    return [at for message, at in moments if message["type"] == kind][number]


# --- being away


async def _detached() -> float:
    """Return how many MB a session takes whose client is away in mid-sentence."""
    async with habla(FAKES | {"HABLA_DETECTOR": "silero"}) as server:
        await _leave_behind(server, WARM)
        before = server.resident_megabytes
        await _leave_behind(server, DETACHED)
        return (server.resident_megabytes - before) / DETACHED


async def _leave_behind(server: Server, count: int) -> None:
    slices = await asyncio.to_thread(sounds.webm_slices, sounds.spoken(6.0))
    async with AsyncExitStack() as connections:
        enter = connections.enter_async_context
        sockets = [
            await enter(_listener(server, "webm-opus", resumable=True)) for _ in range(count)
        ]
        for piece in slices:
            for socket in sockets:
                await socket.send(piece)
            await asyncio.sleep(sounds.SLICE_SECONDS)
        for socket in sockets:
            socket.transport.abort()
    await asyncio.sleep(1.0)


# --- being acknowledged


async def _listening(*, resumable: bool) -> tuple[float, float]:
    """Return the MB of acknowledgements to one client, and the CPU of a session in percent."""
    chunks = sounds.chunks(sounds.silence(LISTENING_SECONDS))
    async with habla(FAKES) as server, AsyncExitStack() as connections:
        sockets = [
            await connections.enter_async_context(
                _listener(server, "pcm-s16le", resumable=resumable)
            )
            for _ in range(ACKNOWLEDGED)
        ]
        began_at, cpu_before = monotonic(), server.cpu_seconds
        async with asyncio.TaskGroup() as tasks:
            reading = [tasks.create_task(_count(socket)) for socket in sockets]
            for number, chunk in enumerate(chunks, start=1):
                for socket in sockets:
                    await socket.send(chunk)
                await asyncio.sleep(began_at + number * sounds.CHUNK_SECONDS - monotonic())
            cpu = server.cpu_seconds - cpu_before
            for socket in sockets:
                await socket.close()
    most = max(each.result() for each in reading)
    return most / 1e6, 100 * cpu / LISTENING_SECONDS / ACKNOWLEDGED


async def _count(socket: ClientConnection) -> int:
    """Return how many bytes of acknowledgements came until the connection ended."""
    count = 0
    async for text in socket:
        if json.loads(text)["type"] == "kept":
            count += len(str(text).encode()) + FRAME_OVERHEAD_BYTES
    return count


@asynccontextmanager
async def _listener(
    server: Server, encoding: str, *, resumable: bool
) -> AsyncIterator[ClientConnection]:
    """Connect, and start listening."""
    address = f"ws://127.0.0.1:{server.port}/ws/session/?resumable={int(resumable)}"
    async with connect(address, compression=None, ping_interval=None, proxy=None) as socket:
        await _until(socket, "ready")
        await socket.send(json.dumps({"type": "start_listening", "encoding": encoding}))
        await _until(socket, "listening_started")
        yield socket


async def _until(socket: ClientConnection, kind: str) -> None:
    while json.loads(await socket.recv())["type"] != kind:
        pass
