"""What servers of /v1/audio/transcriptions answer, each with its own accent, as a transcript."""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from sessions_app.errors import EngineError
from sessions_app.events import Transcript

LANGUAGES = {"spanish": "es", "english": "en", "castilian": "es", "español": "es"}
"""OpenAI answers with the language's name, others with its code."""


def read_answer(body: bytes, language: str | None) -> Transcript:
    """Return the transcript in ``body``; ``language`` is what was asked for, and wins.

    Raises:
        EngineError: it is no answer of such a server.
    """
    try:
        answer = json.loads(body)
    except ValueError as error:
        raise EngineError("The server for speech recognition gave a strange answer.") from error
    text = answer.get("text") if isinstance(answer, dict) else None
    if not isinstance(text, str):
        raise EngineError("The server for speech recognition gave a strange answer.")
    return _transcript(text.strip(), answer, language or _language(answer))


def _transcript(text: str, answer: Mapping[str, Any], language: str) -> Transcript:
    told = answer.get("segments")
    segments = [s for s in told if isinstance(s, dict)] if isinstance(told, list) else []
    silence = _mean(_numbers(segments, "no_speech_prob"), 0.0)
    log_probability = min(_mean(_numbers(segments, "avg_logprob"), 0.0), 0.0)
    return Transcript(
        text,
        language,
        confidence=math.exp(log_probability) if text else 0.0,
        no_speech_probability=min(max(silence, 0.0), 1.0),
        average_log_probability=log_probability,
        compression_ratio=max(_numbers(segments, "compression_ratio"), default=1.0),
    )


def _language(answer: Mapping[str, Any]) -> str:
    told = str(answer.get("language") or "").strip().lower()
    return LANGUAGES.get(told, told[:2])


def _numbers(segments: Iterable[Mapping[str, Any]], name: str) -> list[float]:
    values = (segment.get(name) for segment in segments)
    return [float(v) for v in values if isinstance(v, int | float) and math.isfinite(v)]


def _mean(values: list[float], empty: float) -> float:
    return sum(values) / len(values) if values else empty
