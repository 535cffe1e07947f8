"""Where a monologue is cut, between sentences or inside them, and its word error rate."""

import re
from collections.abc import Iterable, Sequence

from benches.quality.figures import Measured
from benches.quality.speech import VOICES, Clip, sentences
from benches.quality.streams import Stream, stream_of
from benches.quality.tools import Tools
from benches.quality.words import error_percent

SENTENCES = 24
PAUSES = (0.55, 0.95, 0.7, 1.4, 0.8)
"""Pauses between sentences, in seconds, as people make them."""
UNBROKEN = (0.08,)
INSIDE_SECONDS = 0.35
"""How far from the ends of a sentence a cut counts as inside it."""
MORE_THAN_ONE = re.compile(r"[.,;:?!…]\s+\S")


async def measure(tools: Tools) -> list[Measured]:
    """Return the figures of both languages."""
    figures = []
    for language in VOICES:
        found = [clip for clip in sentences(language, 10_000) if _is_one(clip)][:SENTENCES]
        name = f"{language}, monologue of {len(found)} sentences"
        figures += await _measure(tools, name, language, stream_of(found, PAUSES))
        name = f"{language}, the same without pauses"
        unbroken = stream_of(found, UNBROKEN)
        figures += await _measure(tools, name, language, unbroken)
        figures += await _measure_live(tools, f"{name}, live", language, unbroken)
    return figures


async def _measure_live(tools: Tools, name: str, language: str, stream: Stream) -> list[Measured]:
    heard = await tools.transcribing.hear_live(stream.pcm, language)
    ends = [end for end, _ in heard.ends]
    waits = sorted(now - _last_end(stream, end) for end, now in heard.ends[:-1])
    pairs = [(stream.text, heard.text)]
    return [
        Measured(f"{name}: cut inside", _inside(stream, ends), "", 1.0),
        Measured(f"{name}: cuts", len(ends)),
        Measured(f"{name}: wrong words", error_percent(pairs, language), "%", 2.0),
        Measured(f"{name}: end of a sentence to its cut, p50", _share(waits, 0.5), "s", 0.3),
        Measured(f"{name}: end of a sentence to its cut, p90", _share(waits, 0.9), "s", 0.5),
        Measured(f"{name}: real-time factor", heard.seconds / stream.seconds, needs_quiet=True),
    ]


def _last_end(stream: Stream, cut: float) -> float:
    """Return where the sentence ended that was cut off there."""
    ends = [one.end_seconds for one in stream.spoken]
    return min(ends, key=lambda end: abs(end - cut))


def _share(values: Sequence[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


async def _measure(tools: Tools, name: str, language: str, stream: Stream) -> list[Measured]:
    heard = await tools.transcribing.hear(stream.pcm, language)
    plain = tools.plain.hear(stream.pcm, language)
    ends = [exchange.end_seconds for exchange in heard.exchanges]
    text = stream.text
    return [
        Measured(f"{name}: cut inside", _inside(stream, ends), "", 1.0),
        Measured(f"{name}: cuts", len(ends)),
        Measured(f"{name}: cut inside, plain", _inside(stream, plain.ends)),
        Measured(f"{name}: wrong words", error_percent([(text, heard.text)], language), "%", 2.0),
        Measured(f"{name}: wrong words, plain", error_percent([(text, plain.text)], language), "%"),
        Measured(f"{name}: real-time factor", heard.seconds / stream.seconds, needs_quiet=True),
        Measured(
            f"{name}: real-time factor, plain", plain.seconds / stream.seconds, needs_quiet=True
        ),
    ]


def _is_one(clip: Clip) -> bool:
    return MORE_THAN_ONE.search(clip.text.strip(".… ")) is None


def _inside(stream: Stream, ends: Iterable[float]) -> int:
    return sum(any(one.holds(end, INSIDE_SECONDS) for one in stream.spoken) for end in ends)
