"""Whisper's segments summed up, and whether it is certain of its words."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sessions_app.core.events import SpokenWord, Transcript
from sessions_app.engines.text.sentences import sentence_key

LOWEST_LOG_PROBABILITY = -1.0
HIGHEST_COMPRESSION_RATIO = 2.4
"""Whisper's own limits, beyond which it tries again at a higher temperature."""
TIMES = 3
"""How many times in a row Whisper is given the sound of one word, to be certain of it."""
LIKELY_SILENCE = 0.6
"""Whisper's own limit for the probability of no speech: noise exceeds it, and so do the words that
it hallucinates in noise ("No, no, no")."""


def is_unsure(transcript: Transcript) -> bool:
    """Return whether Whisper itself would try again, or found no words."""
    return (
        not transcript.text
        or transcript.average_log_probability < LOWEST_LOG_PROBABILITY
        or transcript.compression_ratio > HIGHEST_COMPRESSION_RATIO
    )


def said_once(transcript: Transcript) -> Transcript | None:
    """Return the words of ``transcript``, of a sound `TIMES` in a row, once.

    None: they are not the same each time, or not certain. A single word gives too little context.
    """
    if is_unsure(transcript) or transcript.no_speech_probability > LIKELY_SILENCE:
        return None
    words = transcript.text.split()
    size, rest = divmod(len(words), TIMES)
    spoken = [sentence_key(word) for word in words]
    if rest or not size or spoken != spoken[:size] * TIMES or not all(spoken[:size]):
        return None
    return replace(transcript, text=" ".join(words[:size]).rstrip(",;:"), words=())


def summarise(
    segments: Sequence[Any], language: str, words: Sequence[SpokenWord] = ()
) -> Transcript:
    """Return Whisper's ``segments``, of these ``words``, as one transcript, weighted by tokens."""
    text = " ".join(segment.text.strip() for segment in segments).strip()
    weights = [max(1, len(segment.tokens)) for segment in segments]
    if not text:
        silence = _mean([segment.no_speech_prob for segment in segments], weights, empty=1.0)
        return Transcript("", language, confidence=0.0, no_speech_probability=silence)
    log_probability = _mean([segment.avg_logprob for segment in segments], weights)
    return Transcript(
        text,
        language,
        confidence=min(1.0, math.exp(log_probability)),
        no_speech_probability=_mean([segment.no_speech_prob for segment in segments], weights),
        average_log_probability=log_probability,
        compression_ratio=max(segment.compression_ratio for segment in segments),
        words=tuple(words),
    )


def _mean(values: Sequence[float], weights: Sequence[int], empty: float = 0.0) -> float:
    if not values:
        return empty
    total = sum(value * weight for value, weight in zip(values, weights, strict=True))
    return total / sum(weights)
