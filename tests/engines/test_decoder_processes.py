"""Each stream that libav decodes has a process of its own, which is bounded and ends with it."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sessions_app.core.audio import Encoding, count_samples, to_samples
from sessions_app.core.errors import CommandError, DecodeError, EngineError
from sessions_app.engines.decoding import process as decoding_process
from sessions_app.engines.decoding.decoders import CONTAINERS
from sessions_app.engines.decoding.media_files import decode_file, read_facts
from sessions_app.engines.decoding.pool import DecoderPool
from sessions_app.engines.decoding.process import DecoderProcess, environment
from sessions_app.engines.decoding.worker import PART_BYTES
from tests.engines.bombs import real_bomb
from tests.engines.hearing import STREAMS, WAYS, hear, pieces
from tests.engines.streams import chirp, encode
from tests.house import eventually

pytestmark = pytest.mark.slow

WAY = {Encoding.WEBM_OPUS: "webm by PyAV", Encoding.OGG_OPUS: "ogg", Encoding.MP4_AAC: "mp4"}


@pytest.fixture
async def pool() -> AsyncIterator[DecoderPool]:
    made = DecoderPool(lambda: 64)
    yield made
    await made.aclose()
    assert children() == set()
    await eventually(lambda: children() == set())


def children() -> set[int]:
    """Return this process's decoders, including dead ones that are not reaped yet."""
    found = (path.read_text().split() for path in Path("/proc/self/task").glob("*/children"))
    return {int(pid) for pids in found for pid in pids if is_decoder(int(pid))}


async def only_child() -> int:
    """Return the one decoder, as soon as it has become one."""
    await eventually(lambda: len(children()) == 1)
    return children().pop()


def is_decoder(pid: int) -> bool:
    try:
        return b"decoding.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


async def decode(process: DecoderProcess, chunk: bytes) -> bytes:
    heard = await process.decode(chunk)
    while process.has_more:
        heard += await process.decode(b"")
    return heard


async def flush(process: DecoderProcess) -> bytes:
    heard = await process.flush()
    while process.has_more:
        heard += await process.decode(b"")
    return heard


@pytest.mark.parametrize("encoding", WAY)
async def test_a_process_gives_the_same_sound(encoding: Encoding, pool: DecoderPool) -> None:
    process = await pool.open(CONTAINERS[encoding])
    heard = [await decode(process, piece) for piece in pieces(STREAMS[encoding], 900)]
    heard.append(await flush(process))
    assert b"".join(heard) == hear(WAYS[WAY[encoding]][1](), [STREAMS[encoding]])


async def test_a_long_chunk_is_given_in_parts_that_others_can_wait_for(pool: DecoderPool) -> None:
    process = await pool.open("ogg")
    parts = [await process.decode(encode(chirp(21), Encoding.OGG_OPUS))]
    while process.has_more:
        parts.append(await process.decode(b""))
    assert {len(part) for part in parts[:-1]} == {PART_BYTES}
    assert count_samples(b"".join(parts)) > to_samples(20)


async def test_the_death_of_one_ends_no_other_stream(pool: DecoderPool) -> None:
    doomed = await pool.open("ogg")
    pid = await only_child()
    other = await pool.open("ogg")
    first, second = pieces(STREAMS[Encoding.OGG_OPUS], 6000)[:2]
    assert await decode(doomed, first) == await decode(other, first)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(DecodeError, match="could not be decoded"):
        await decode(doomed, second)
    assert await decode(other, second) != b""
    await doomed.close()
    assert len(children()) == 1


async def test_one_that_hangs_is_ended_and_keeps_nobody_waiting(
    pool: DecoderPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    doomed = await pool.open("ogg")
    pid = await only_child()
    other = await pool.open("ogg")
    first, second = pieces(STREAMS[Encoding.OGG_OPUS], 6000)[:2]
    monkeypatch.setattr(decoding_process, "ANSWER_SECONDS", 4.0)
    await decode(doomed, first)
    os.kill(pid, signal.SIGSTOP)
    waiting = asyncio.create_task(decode(doomed, second))
    assert await decode(other, first) + await decode(other, second) != b""
    assert not waiting.done()
    with pytest.raises(DecodeError, match="could not be decoded"):
        await waiting
    await eventually(lambda: not is_decoder(pid))


async def test_an_answer_that_came_while_this_process_was_held_up_is_read(
    pool: DecoderPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = pieces(STREAMS[Encoding.OGG_OPUS], 6000)[:2]
    stream = await pool.open("ogg")
    monkeypatch.setattr(decoding_process, "ANSWER_SECONDS", 0.2)
    await decode(stream, first)
    waiting = asyncio.create_task(decode(stream, second))
    await asyncio.sleep(0)
    held_up_seconds = 0.2 + decoding_process.LATE_SECONDS + 0.1
    time.sleep(held_up_seconds)  # noqa: ASYNC251 -- as a machine does that is suspended
    assert await waiting != b""


async def test_a_stream_whose_waiter_is_cancelled_has_no_process_any_more(
    pool: DecoderPool,
) -> None:
    process = await pool.open("ogg")
    pid = await only_child()
    os.kill(pid, signal.SIGSTOP)
    waiting = asyncio.create_task(process.decode(b"OggS"))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait({waiting})
    await eventually(lambda: children() == set())
    await process.close()
    with pytest.raises(DecodeError):
        await process.decode(b"")


async def test_there_are_no_more_than_so_many_and_a_place_is_free_again() -> None:
    pool = DecoderPool(lambda: 1)
    first = await pool.open("ogg")
    with pytest.raises(CommandError) as refused:
        await pool.open("ogg")
    assert refused.value.code == "too_many_streams"
    await first.close()
    await first.close()
    again = await pool.open("ogg")
    await pool.aclose()
    assert children() == set()
    await again.close()
    with pytest.raises(EngineError, match="unloaded"):
        await pool.open("ogg")


async def test_one_gives_way_to_whoever_serves_from_its_beginning(pool: DecoderPool) -> None:
    await pool.open("ogg")
    pid = await only_child()
    # niceness counts within a session, where the kernel shares out time by sessions
    assert (os.getsid(pid), os.getpgid(pid)) == (os.getsid(0), pid)
    nice = os.getpriority(os.PRIO_PROCESS, 0) + 5
    await eventually(lambda: os.getpriority(os.PRIO_PROCESS, pid) == min(nice, 19))
    own = Path(f"/proc/{pid}/oom_score_adj")
    await eventually(lambda: own.read_text() == "1000\n")


async def test_where_no_file_can_be_opened_that_is_what_is_said(
    pool: DecoderPool, tmp_path: Path
) -> None:
    path = tmp_path / "sound.ogg"
    path.write_bytes(STREAMS[Encoding.OGG_OPUS])
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with path.open("rb") as last:
        resource.setrlimit(resource.RLIMIT_NOFILE, (last.fileno() + 1, limits[1]))
        try:
            with pytest.raises(OSError, match="Too many open files"):
                await pool.open("ogg")
            with pytest.raises(OSError, match="Too many open files"):
                list(decode_file(path))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    await (await pool.open("ogg")).close()  # its place is free again
    assert list(decode_file(path)) != []


def test_a_file_is_decoded_where_more_than_a_thousand_are_open(tmp_path: Path) -> None:
    path = tmp_path / "sound.ogg"
    path.write_bytes(STREAMS[Encoding.OGG_OPUS])
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limits[1], 4096), limits[1]))
    with ExitStack() as held:
        held.callback(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
        while held.enter_context(path.open("rb")).fileno() < 1100:
            pass
        assert list(decode_file(path)) != []


def test_no_secret_of_ours_is_in_its_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "hidden")
    monkeypatch.setenv("OPENAI_API_KEY", "hidden")
    assert "hidden" not in environment().values()


BOUNDED = """
import io, re
from pathlib import Path
from sessions_app.engines.decoding.worker import ExpansionAllowance
from sessions_app.engines.decoding.pyav import open_media
from tests.engines.bombs import real_bomb

class Stream:
    def __init__(self, content):
        self._file = io.BytesIO(content)
    def read(self, size):
        return self._file.read(size)

bomb = real_bomb()
ExpansionAllowance().receive(len(bomb))
try:
    open_media(Stream(bomb), container="mp4")
except MemoryError:
    pass
# not getrusage, whose peak begins at that of the process that started this one
status = Path("/proc/self/status").read_text()
print(int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) // 1024)
"""


def test_even_without_a_guard_memory_is_in_proportion_to_what_was_sent() -> None:
    told = subprocess.run(
        [sys.executable, "-c", BOUNDED], capture_output=True, text=True, check=True, timeout=50
    )
    assert int(told.stdout) < 250  # MB, where the same without a limit takes 1,788


WHOLE = """
import resource, sys
from sessions_app.engines.decoding.media_files import decode_file, read_facts
from sessions_app.core.errors import EngineError

for work in (read_facts, lambda path: list(decode_file(path))):
    try:
        work(sys.argv[1])
    except EngineError:
        pass
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""


def test_a_file_that_claims_too_much_takes_no_more_than_its_size_allows(tmp_path: Path) -> None:
    path = tmp_path / "bomb.mp4"
    path.write_bytes(real_bomb() + bytes(100_000))
    told = subprocess.run(
        [sys.executable, "-c", WHOLE, path], capture_output=True, text=True, check=True, timeout=50
    )
    assert int(told.stdout) < 250


def test_a_file_whose_reader_has_gone_leaves_no_process(tmp_path: Path) -> None:
    path = tmp_path / "long.ogg"
    path.write_bytes(encode(chirp(60), Encoding.OGG_OPUS))
    blocks = decode_file(path)
    next(blocks)
    assert len(children()) == 1
    del blocks
    assert children() == set()
    read_facts(path)
    assert children() == set()
