"""The cost of sound before it is transcribed: decoding, detecting speech, endpointing."""

import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import closing

from benches.report import Figure, machine, print_table, say
from benches.sounds import CHUNK_SECONDS, SLICE_SECONDS, chunks, spoken, webm_slices
from sessions_app.core.audio import FRAME_BYTES, Encoding, count_samples, to_seconds
from sessions_app.engines.base import Decoder
from sessions_app.engines.decoding.decoders import open_decoder
from sessions_app.engines.decoding.pyav_stream import PyAVDecoder
from sessions_app.engines.speech.silero import SileroDetector
from sessions_app.pipeline.endpointing.segmenter import Segmenter, SegmenterOptions

SECONDS = 20
ROUNDS = 9
FRAMES = 8
"""Frames in one call of the detector: a chunk of 256 ms."""


async def measure() -> list[Figure]:
    """Measure all, in a thread."""
    return await asyncio.to_thread(measure_sound)


def measure_sound() -> list[Figure]:
    """Return milliseconds of CPU per second of sound, and how soon the first of it comes."""
    pcm = spoken(SECONDS)
    webm = webm_slices(pcm)
    return [
        Figure("decode WebM/Opus", _decoding(_webm, webm), "ms/s", at_most=4),
        Figure("the same by PyAV", _decoding(lambda: PyAVDecoder("webm"), webm), "ms/s"),
        Figure("decode PCM at 48 kHz", _decoding(_pcm_48, chunks(pcm * 3)), "ms/s"),
        Figure("detect, 8 frames a call", _detecting(pcm), "ms/s", at_most=2.5),
        Figure("endpoint, 8 frames a call", _endpointing(pcm), "ms/s"),
        Figure("first chunk -> its PCM", _first_pcm(_webm, webm), "ms", at_most=150),
        Figure(
            "the same by PyAV", _first_pcm(lambda: PyAVDecoder("webm"), webm), "ms", at_most=150
        ),
    ]


def _webm() -> Decoder:
    return open_decoder(Encoding.WEBM_OPUS)


def _pcm_48() -> Decoder:
    return open_decoder(Encoding.PCM_S16LE, sample_rate=48_000)


def _decoding(make: Callable[[], Decoder], stream: Sequence[bytes]) -> float:
    def decode() -> int:
        with closing(make()) as decoder:
            return count_samples(b"".join([*map(decoder.decode, stream), decoder.flush()]))

    return _cpu(decode)


def _detecting(pcm: bytes) -> float:
    detector = SileroDetector()
    size = FRAMES * FRAME_BYTES
    pieces = [pcm[first : first + size] for first in range(0, len(pcm) - size, size)]

    def detect() -> int:
        stream = detector.stream()
        for piece in pieces:
            stream.probabilities(piece)
        return len(pieces) * count_samples(pieces[0])

    return _cpu(detect)


def _endpointing(pcm: bytes) -> float:
    size = FRAMES * FRAME_BYTES
    pieces = [pcm[first : first + size] for first in range(0, len(pcm) - size, size)]
    stream = SileroDetector().stream()
    judged = [(piece, stream.probabilities(piece)) for piece in pieces]

    def endpoint() -> int:
        segmenter = Segmenter(SegmenterOptions())
        for piece, probabilities in judged:
            segmenter.push(piece, probabilities)
        segmenter.flush()
        return segmenter.heard_samples

    return _cpu(endpoint)


def _cpu(work: Callable[[], int]) -> float:
    """Return milliseconds of CPU per second of sound; ``work`` returns its samples."""
    work()
    figures = []
    for _ in range(ROUNDS):
        began_at = time.process_time()
        seconds = to_seconds(work())
        figures.append((time.process_time() - began_at) * 1000 / seconds)
    return statistics.median(figures)


def _first_pcm(make: Callable[[], Decoder], stream: Sequence[bytes]) -> float:
    """Return milliseconds from passing in the first chunk to having its sound."""
    figures = []
    for _ in range(ROUNDS):
        with closing(make()) as decoder:
            began_at = time.perf_counter()
            decoder.decode(stream[0])
            figures.append((time.perf_counter() - began_at) * 1000)
    return statistics.median(figures)


def main() -> None:
    """Run from the command line."""
    say(machine())
    chunk = (
        f"chunks of {CHUNK_SECONDS * 1000:.0f} ms (PCM) and {SLICE_SECONDS * 1000:.0f} ms (WebM)"
    )
    print_table(f"Sound, in {chunk}", measure_sound())


if __name__ == "__main__":
    main()
