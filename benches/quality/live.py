"""How soon words come, live: clips one after the other on one session, at the pace of speech.

A real server uses all cores, as on anybody's machine; the client sends PCM as a browser would. The
engine's own time stands beside each delay, measured in the same run: that of the calls which the
session made, and that of plain faster-whisper, alone with the same clips, once the session is over.
"""

import asyncio
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from benches import sounds
from benches.quality.engines import Call, NotedWhisper, calls
from benches.quality.figures import Measured
from benches.quality.sightings import Sighting, sightings
from benches.quality.speech import Clip, sentences
from benches.quality.streams import Stream, stream_of
from benches.quality.tools import Tools
from benches.quality.words import error_percent
from benches.report import percentile
from benches.serving import CORES, habla
from benches.talking import Talker, talker

CLIPS = 24
PAUSES = (2.5,)
DRAIN_SECONDS = 90.0
FIRST_SECONDS = 0.8
"""Seconds of sound after which the first hypothesis is due."""
OWED_SECONDS = 1.5
"""Seconds of speech: whoever speaks for so long sees something before the end."""
DIRECTIONS = {"es": "es_to_en", "en": "en_to_es", "auto": "auto"}


async def measure(tools: Tools) -> list[Measured]:
    """Return the figures of both languages, and of both in turn with the language found."""
    figures = []
    for mode in DIRECTIONS:
        figures += await _measure(tools, mode, _clips(mode))
    return figures


def _clips(mode: str) -> list[Clip]:
    if mode != "auto":
        return sentences(mode, CLIPS)
    pairs = zip(sentences("es", CLIPS // 2), sentences("en", CLIPS // 2), strict=True)
    return list(itertools.chain.from_iterable(pairs))


async def _measure(tools: Tools, mode: str, clips: list[Clip]) -> list[Measured]:
    lived = await session(tools.weights, stream_of(clips, PAUSES), DIRECTIONS[mode])
    seen = sightings(lived.stream, lived.client, lived.microphone_at)
    finals, hypotheses = _alone(tools, clips, is_told=mode != "auto")
    return [
        *_first_words(mode, seen, hypotheses),
        *_finals(mode, seen, lived.calls, finals),
        *_words(mode, seen),
    ]


@dataclass(frozen=True, slots=True)
class Lived:
    """The messages and the engine's calls of a session that is over."""

    stream: Stream
    client: Talker
    microphone_at: float
    """When the stream's first sample was spoken, on the client's clock."""
    calls: list[Call]
    """What the engine did for it."""


async def session(weights: Path, stream: Stream, direction: str) -> Lived:
    """Play ``stream`` to a real server, and return what it answered."""
    engine = f"{NotedWhisper.__module__}.{NotedWhisper.__qualname__}"
    options = {"BACKEND": engine, "OPTIONS": {"model": str(weights)}}
    settings = {
        "HABLA_TRANSCRIBER": json.dumps(options),
        "HABLA_LLM_URL": "off",
        "HF_HUB_OFFLINE": "1",  # nothing is downloaded meanwhile
    }
    chunks = sounds.chunks(stream.pcm)
    async with (
        habla(settings, cores=CORES) as server,
        talker(server.port, "session", "pcm-s16le", direction=direction) as client,
    ):
        begin_at = monotonic() + 0.1
        await client.talk(chunks, sounds.CHUNK_SECONDS, begin_at)
        await client.stop(DRAIN_SECONDS)
        noted = await asyncio.to_thread(lambda: list(calls(server.probe)))
        # a chunk is sent when its last sample has been spoken
        return Lived(stream, client, begin_at - sounds.CHUNK_SECONDS, noted)


def _alone(
    tools: Tools, clips: Sequence[Clip], *, is_told: bool
) -> tuple[list[float], list[float]]:
    """Return how long plain faster-whisper takes for finals and hypotheses of ``clips``.

    ``is_told``: their language is given, so that it need not be found.
    """
    languages = [clip.language if is_told else None for clip in clips]
    pairs = list(zip(clips, languages, strict=True))
    finals = [tools.plain.hear(clip.pcm, language).seconds for clip, language in pairs]
    beginning = slice(0, 2 * 16_000)
    hypotheses = [
        tools.plain.hear(clip.voice[beginning], language, beam_size=1).seconds
        for clip, language in pairs
    ]
    return finals, hypotheses


def _first_words(mode: str, seen: list[Sighting], hypotheses: list[float]) -> list[Measured]:
    delays = [one.first_partial for one in seen if one.first_partial is not None]
    owed = [one for one in seen if one.seconds >= OWED_SECONDS]
    least = FIRST_SECONDS + percentile(hypotheses, 50)
    name = f"live {mode}, first word to first partial"
    return [
        Measured(f"{name}, p50 of {len(delays)}", percentile(delays, 50), "s"),
        Measured(f"{name}, p90", percentile(delays, 90), "s"),
        Measured(f"live {mode}, a hypothesis alone, p50", percentile(hypotheses, 50), "s"),
        Measured(
            f"{name}, p50 beyond {FIRST_SECONDS} s + that",
            percentile(delays, 50) - least,
            "s",
            0.3,
            needs_quiet=True,
        ),
        Measured(
            f"{name}, p90 beyond it", percentile(delays, 90) - least, "s", 0.5, needs_quiet=True
        ),
        Measured(
            f"live {mode}, of {len(owed)} over {OWED_SECONDS} s, without a partial",
            sum(one.first_partial is None for one in owed),
            "",
            0.0,
            needs_quiet=True,
        ),
    ]


def _finals(
    mode: str, seen: list[Sighting], noted: list[Call], alone: list[float]
) -> list[Measured]:
    delays = [one.final for one in seen if one.final is not None]
    translations = [one.translation for one in seen if one.translation is not None]
    own = [call.seconds for call in noted if call.is_final]
    name = f"live {mode}, end of speech to final"
    return [
        Measured(f"{name}, p50 of {len(delays)}", percentile(delays, 50), "s"),
        Measured(f"{name}, p90", percentile(delays, 90), "s"),
        Measured(f"live {mode}, the engine's own time in it, p50", percentile(own, 50), "s"),
        Measured(f"live {mode}, the engine's own time in it, p90", percentile(own, 90), "s"),
        Measured(f"live {mode}, plain, alone, p50", percentile(alone, 50), "s"),
        Measured(f"live {mode}, plain, alone, p90", percentile(alone, 90), "s"),
        *(
            Measured(
                f"{name}, p{percent} beyond plain",
                percentile(delays, percent) - percentile(alone, percent),
                *("s", tolerance),
                needs_quiet=True,
            )
            for percent, tolerance in ((50, 0.3), (90, 0.5))
        ),
        Measured(
            f"live {mode}, end of speech to translation, p50", percentile(translations, 50), "s"
        ),
        Measured(
            f"live {mode}, end of speech to translation, p90", percentile(translations, 90), "s"
        ),
    ]


def _words(mode: str, seen: list[Sighting]) -> list[Measured]:
    pairs = [(one.spoken.clip, one.text) for one in seen]
    erased, words = sum(one.erased for one in seen), sum(one.words for one in seen)
    figures = [
        Measured(
            f"live {mode}, words taken back for each that stays",
            erased / max(1, words),
            "",
            0.15,
            needs_quiet=True,
        ),
        Measured(
            f"live {mode}, clips without a final", sum(one.final is None for one in seen), "", 1.0
        ),
    ]
    for language in sorted({clip.language for clip, _ in pairs}):
        wrong = error_percent(
            [(clip.text, text) for clip, text in pairs if clip.language == language], language
        )
        figures.append(Measured(f"live {mode}, wrong words, {language}", wrong, "%", 3.0))
    return figures
