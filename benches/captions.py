"""From the frame that holds the last word to its caption, and from the end of speech to its final.

The engine takes no time. A hypothesis is due after each half second of new sound, so every second
chunk of a talker brings a caption; the last word of a caption says which chunk it is based on.
"""

from contextlib import AsyncExitStack
from math import ceil

from benches import sounds
from benches.report import Figure, percentile
from benches.serving import FAKES, baseline, habla
from benches.talking import Message, Talker, talk_together, talker
from sessions_app.core.audio import FRAME_SAMPLES, SAMPLE_RATE, to_samples
from sessions_app.pipeline.endpointing.segmenter import SegmenterOptions

MANY = 32
SPEECH_SECONDS = 3.0
SILENCE_SECONDS = 1.25
UTTERANCES = 4
CHUNK_SAMPLES = to_samples(sounds.CHUNK_SECONDS)
ROUNDING_SAMPLES = 16
"""Times in messages are rounded to milliseconds."""


async def measure() -> list[Figure]:
    """Return the delays with one session and with MANY, and those of a bare echo beside them."""
    async with habla(FAKES) as server, baseline() as bare:
        figures = await _measure(server.port, bare.port, 1)
        return figures + await _measure(server.port, bare.port, MANY)


async def _measure(port: int, bare_port: int, count: int) -> list[Figure]:
    once = sounds.speech(SPEECH_SECONDS) + sounds.silence(SILENCE_SECONDS)
    chunks = sounds.chunks(once * UTTERANCES)
    async with AsyncExitStack() as open_clients:
        enter = open_clients.enter_async_context
        talkers = [await enter(talker(port, "session", "pcm-s16le")) for _ in range(count)]
        echoed = [await enter(talker(bare_port, "echo", None)) for _ in range(count)]
        # one after the other in each pair, so that neither waits for the other
        pairs = [client for pair in zip(talkers, echoed, strict=True) for client in pair]
        await talk_together(pairs, chunks, sounds.CHUNK_SECONDS)
    captions = [delay for client in talkers for delay in caption_delays(client)]
    finals = [delay for client in talkers for delay in _finals(client)]
    echoes = [delay for client in echoed for delay in _echoes(client)]
    return _figures(count, captions, finals, echoes)


def _figures(
    count: int, captions: list[float], finals: list[float], echoes: list[float]
) -> list[Figure]:
    name = "1 session" if count == 1 else f"{count} sessions"
    p50, p95 = percentile(captions, 50), percentile(captions, 95)
    targets = (8.0, 20.0) if count == 1 else (None, 30.0)
    return [
        Figure(f"{name}: word to caption, p50 of {len(captions)}", p50, "ms", targets[0]),
        Figure(f"{name}: word to caption, p95", p95, "ms", targets[1]),
        Figure(f"{name}: bare echo, p50 of {len(echoes)}", percentile(echoes, 50), "ms"),
        Figure(f"{name}: bare echo, p95", percentile(echoes, 95), "ms"),
        Figure(f"{name}: caption to echo, ratio of p50", p50 / percentile(echoes, 50), "x"),
        Figure(
            f"{name}: end of speech to final, p50 of {len(finals)}",
            percentile(finals, 50),
            "ms",
            30.0 if count == 1 else None,
        ),
        Figure(f"{name}: end of speech to final, p95", percentile(finals, 95), "ms"),
    ]


def caption_delays(client: Talker) -> list[float]:
    """Return how long after its chunk was sent each caption came, in ms."""
    starts = {
        message["utterance_id"]: message["at_seconds"] * SAMPLE_RATE
        for _, message in client.of("speech_started")
    }
    return [
        _since(client, at, starts[message["utterance_id"]] + _frames(message) * FRAME_SAMPLES)
        for at, message in client.of("partial")
    ]


def _frames(partial: Message) -> int:
    return int(f"{partial['stable']} {partial['unstable']}".split()[-1])


def _finals(client: Talker) -> list[float]:
    """Return how long after the chunk that completes the silence each final came, in ms."""
    options = SegmenterOptions()
    wait = _whole_frames(options.silence_seconds) - _whole_frames(options.post_roll_seconds)
    return [
        _since(client, at, message["end_seconds"] * SAMPLE_RATE + wait)
        for at, message in client.of("transcript")
    ]


def _whole_frames(seconds: float) -> int:
    return ceil(seconds * SAMPLE_RATE / FRAME_SAMPLES) * FRAME_SAMPLES


def _since(client: Talker, at: float, end_sample: float) -> float:
    chunk = ceil((end_sample - ROUNDING_SAMPLES) / CHUNK_SAMPLES) - 1
    return 1000 * (at - client.sent_at[chunk])


def _echoes(client: Talker) -> list[float]:
    pairs = zip(client.sent_at, client.of("echo"), strict=True)
    return [1000 * (came_at - sent_at) for sent_at, (came_at, _) in pairs]
