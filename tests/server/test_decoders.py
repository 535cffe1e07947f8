"""Whatever one client's stream does to its decoder, no other client notices; every decoder ends."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sessions_app.core.audio import Encoding
from tests.engines.bombs import BOMBS, CASES
from tests.lifecycle.invariants import resident_bytes, served
from tests.server.running import Running, running
from tests.server.visitor import Visitor, visitor
from tests.sounds import mp4, ogg, say, silence

SENTENCE = say("hola") + silence(0.9)
NOTICED_SECONDS = 8.0
"""Less than one bomb would take in the server itself; a sentence takes 0.1 s."""
PAUSE_SECONDS = 1.2
"""Seconds between two sentences: a session accepts five commands per second in the long run."""
MEGABYTE = 1024 * 1024


def decoders(server: Running) -> set[int]:
    """Return the decoder processes of the server."""
    found = set()
    for children in Path(f"/proc/{server.pid}/task").glob("*/children"):
        try:
            pids = children.read_text().split()
        except OSError:  # a thread that just ended
            continue
        found |= {int(pid) for pid in pids if lives(int(pid))}
    return found


def lives(pid: int) -> bool:
    """Return whether ``pid`` is a decoder that has not ended."""
    try:
        return b"decoding.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


async def until(holds: Callable[[], bool], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 -- processes tell nobody
            await asyncio.sleep(0.02)


async def throw(server: Running, encoding: str, stream: bytes) -> list[str]:
    """Send a stream, stop, and listen again; return the codes of the errors that came."""
    async with visitor(server.socket_address) as guest:
        await guest.say("start_listening", encoding=encoding)
        for first in range(0, len(stream), 100_000):
            await guest.send(stream[first : first + 100_000])
        await guest.say("stop_listening")
        await guest.until("listening_stopped")
        told = [message["code"] for message in guest.told("error")]
        await guest.say("start_listening", encoding="pcm-s16le")
        await guest.send_sound(SENTENCE)
        await guest.say("stop_listening")
        await guest.until("translation")
        return told


class Neighbour:
    """Says one sentence after the other, and measures how long each result takes."""

    def __init__(self, guest: Visitor) -> None:
        self._guest = guest
        self.delays: list[float] = []

    @property
    def count(self) -> int:
        """Return how many results have come."""
        return len(self.delays)

    @property
    def longest(self) -> float:
        """Return how long the slowest of them took, in seconds."""
        return max(self.delays, default=0.0)

    async def speak(self) -> None:
        clock = asyncio.get_running_loop().time
        await self._guest.say("start_listening", encoding="ogg-opus")
        await self._guest.until("listening_started")
        while True:
            await self._guest.say("stop_listening")
            await self._guest.until("listening_stopped")
            began_at = clock()
            await self._guest.say("start_listening", encoding="pcm-s16le")
            await self._guest.send_sound(SENTENCE)
            await self._guest.until("translation")
            self.delays.append(clock() - began_at)
            await asyncio.sleep(PAUSE_SECONDS)


@asynccontextmanager
async def neighbour(server: Running) -> AsyncIterator[Neighbour]:
    """Run a neighbour who speaks meanwhile; if that fails, end the block at once."""
    async with visitor(server.socket_address) as guest, asyncio.TaskGroup() as together:
        beside = Neighbour(guest)
        speaking = together.create_task(beside.speak())
        yield beside
        speaking.cancel()


async def test_bombs_end_their_own_stream_told_and_disturb_nobody(data_dir: Path) -> None:
    async with served(data_dir) as server, neighbour(server) as beside:
        before = resident_bytes(server.pid)
        while beside.count <= 3:  # on a fast machine the block is over before much is said
            for encoding, name in CASES:
                told = await throw(server, encoding, BOMBS[encoding][name])
                assert (encoding, name, told[:1]) == (encoding, name, ["broken_stream"])
        assert beside.longest < NOTICED_SECONDS
        assert resident_bytes(server.pid) - before < 60 * MEGABYTE


async def listen(guest: Visitor, stream: bytes, encoding: str) -> None:
    """Begin to send a stream, and wait until a part of it was decoded."""
    await guest.say("start_listening", encoding=encoding)
    for first in range(0, len(stream), 1000):
        await guest.send(stream[first : first + 1000])
    await guest.until("transcript")


SPOKEN = say("hola mundo") + silence(1.2)
HEARD = {Encoding.OGG_OPUS: ogg(SPOKEN * 2), Encoding.MP4_AAC: mp4(SPOKEN * 2)}


async def test_a_decoder_that_is_killed_or_hangs_ends_its_own_stream_and_no_other(
    data_dir: Path,
) -> None:
    async with (
        served(data_dir) as server,
        visitor(server.socket_address) as killed,
        visitor(server.socket_address) as frozen,
        visitor(server.socket_address) as other,
    ):
        pids: list[int] = []
        for guest, encoding in (
            (killed, Encoding.MP4_AAC),
            (frozen, Encoding.OGG_OPUS),
            (other, Encoding.OGG_OPUS),
        ):
            stream = HEARD[encoding]
            await listen(guest, stream[: len(stream) * 3 // 5], encoding)
            pids += decoders(server) - set(pids)
        os.kill(pids[0], signal.SIGKILL)
        os.kill(pids[1], signal.SIGSTOP)
        for guest, encoding in ((killed, Encoding.MP4_AAC), (frozen, Encoding.OGG_OPUS)):
            await guest.send(HEARD[encoding][len(HEARD[encoding]) * 3 // 5 :])
        await other.send(HEARD[Encoding.OGG_OPUS][len(HEARD[Encoding.OGG_OPUS]) * 3 // 5 :])
        assert (await other.until("transcript"))["text"] == "hola mundo"
        for guest in (killed, frozen):
            assert (await guest.until("error"))["code"] == "broken_stream"
            await guest.until("listening_stopped")
            await guest.say("start_listening", encoding="mp4-aac")
            await guest.send(HEARD[Encoding.MP4_AAC])
            await guest.say("stop_listening")
            assert (await guest.until("transcript"))["text"] == "hola mundo"
        assert other.told("error") == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_no_decoder_outlives_the_server(number: signal.Signals, data_dir: Path) -> None:
    async with (
        running(data_dir) as server,
        visitor(server.socket_address) as one,
        visitor(server.socket_address) as two,
    ):
        await listen(one, HEARD[Encoding.OGG_OPUS], "ogg-opus")
        await listen(two, HEARD[Encoding.MP4_AAC], "mp4-aac")
        pids = decoders(server)
        assert len(pids) == 2
        os.kill(min(pids), signal.SIGSTOP)  # however it is
        server.signal(number)
        code = await server.ended()
        assert code == (0 if number is signal.SIGTERM else -signal.SIGKILL)
        await until(lambda: not any(map(lives, pids)))


async def test_no_decoder_is_there_before_a_stream_needs_it(data_dir: Path) -> None:
    async with served(data_dir) as server, visitor(server.socket_address) as guest:
        await guest.listen(SENTENCE)
        await guest.until("translation")
        await guest.say("stop_listening")
        await guest.until("listening_stopped")
        assert decoders(server) == set()
        await listen(guest, HEARD[Encoding.MP4_AAC], "mp4-aac")
        assert len(decoders(server)) == 1
        await guest.say("stop_listening")
        await guest.until("listening_stopped")
        await until(lambda: decoders(server) == set())
