"""The cost of a stream that libav decodes in a process of its own: there, and in the server."""

import os
import resource
import statistics
import time
from pathlib import Path

from benches.report import Figure
from benches.sounds import spoken
from sessions_app.core.audio import Encoding, count_samples, to_seconds
from sessions_app.engines.decoding.decoders import CONTAINERS
from sessions_app.engines.decoding.pool import DecoderPool
from tests.engines.streams import encode

SECONDS = 60
ROUNDS = 5
CHUNK_SECONDS = 0.25


async def measure() -> list[Figure]:
    """Return CPU per second of sound, the first sound's delay, and memory."""
    return [
        figure
        for encoding in (Encoding.OGG_OPUS, Encoding.MP4_AAC)
        for figure in await _measure(encoding)
    ]


async def _measure(encoding: Encoding) -> list[Figure]:
    stream = encode(spoken(SECONDS), encoding)
    size = int(len(stream) / SECONDS * CHUNK_SECONDS)
    chunks = [stream[first : first + size] for first in range(0, len(stream), size)]
    # a nearly empty stream costs as much as the start
    started = [await _hear(encoding, chunks[:8]) for _ in range(ROUNDS)]
    whole = [await _hear(encoding, chunks) for _ in range(ROUNDS)]
    apart = _median(whole, 0) - _median(started, 0)
    return [
        Figure(f"{encoding}: there", apart / SECONDS, "ms/s"),
        Figure(f"{encoding}: beside it", _median(whole, 1) / SECONDS, "ms/s"),
        Figure(f"{encoding}: starting there, CPU", _median(started, 0), "ms"),
        Figure(f"{encoding}: first sound", _median(whole, 2), "ms"),
        Figure(f"{encoding}: memory of its own", _median(whole, 3), "MB"),
    ]


async def _hear(encoding: Encoding, chunks: list[bytes]) -> tuple[float, float, float, float]:
    """Return ms of CPU in the process and in the server, ms to the first sound, and megabytes."""
    pool = DecoderPool(lambda: 64)
    there, here, began_at = _cpu_of_children(), time.process_time(), time.perf_counter()
    process = await pool.open(CONTAINERS[encoding])
    first = samples = 0.0
    for chunk in chunks:
        samples += count_samples(await process.decode(chunk))
        first = first or bool(samples) * (time.perf_counter() - began_at) * 1000
    here = (time.process_time() - here) * 1000
    megabytes = _private_megabytes()
    await pool.aclose()
    if to_seconds(round(samples)) < len(chunks) * CHUNK_SECONDS / 2:
        raise RuntimeError("not all of the stream was decoded")
    return (_cpu_of_children() - there) * 1000, here, first, megabytes


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _private_megabytes() -> float:
    """Return the memory that this process's children do not share with others."""
    kilobytes = 0
    for children in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
        for pid in children.read_text().split():
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            kilobytes += sum(int(x.split()[1]) for x in lines if x.startswith("Private_"))
    return kilobytes / 1024


def _median(figures: list[tuple[float, float, float, float]], place: int) -> float:
    return statistics.median(figure[place] for figure in figures)
