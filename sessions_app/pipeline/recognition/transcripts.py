"""Speech or noise: whether a transcript can be believed."""

import math
import re
import unicodedata

from sessions_app.core.events import DiscardReason, Transcript
from sessions_app.engines.speech.whisper_transcripts import (
    HIGHEST_COMPRESSION_RATIO,
    LIKELY_SILENCE,
    LOWEST_LOG_PROBABILITY,
)
from sessions_app.engines.text.repetition import longest_run
from sessions_app.pipeline.recognition.hallucinations import DOUBTFUL, PHANTOMS

CERTAIN_SILENCE = 0.9
"""Probability of no speech above which the words do not matter."""
SURE_SILENCE = 0.3
"""Probability of no speech up to which somebody spoke; for noise Whisper base gives 0.45 up."""
LEAST_SILENCE = 1e-6
"""Less than this says nothing: Whisper turbo gives it for speech and silence alike."""
SURE_LOG_PROBABILITY = -0.7
"""From here on words are more likely right than wrong: 50 % for each token."""
CERTAIN_LOG_PROBABILITY = -0.25
"""The same where there is no probability of speech: hallucinations may have -0.3."""
LOWEST_CONFIDENCE = 0.35
"""Below this, noise was made into words: e to the lowest log probability, or a bit less."""
FEWEST_REPEATED_WORDS = 10
"""People do say "no, no, no, no": fewer repetitions than this are believed."""
LONGEST_LOOP_WORDS = 8
LOOP_WORDS_PER_SECOND = 6
"""Nobody repeats even a syllable faster (per second) ..."""
LOOP_WORDS_AT_ONCE = 10
"""... beyond those whose sound endpointing may have cut off."""
LETTERS_PER_SECOND = 30
"""Twice as fast as people talk ..."""
LETTERS_AT_ONCE = 15
"""... beyond a first word or two, whose sound endpointing may have cut off."""

_ASIDE = re.compile(
    r"\[[^]]*\]|【[^】]*】|<[^<>]*>|♪[^♪]*♪?"
    r"|\([^()?!¿¡.…]*\)|\uff08[^\uff09]*\uff09|(?<![\w*])\*[^*?!¿¡.…]+\*(?![\w*])"
)
"""What a transcriber writes in brackets or between notes is no speech: [BLANK_AUDIO], ♪♪, (risas).

A whole sentence in round brackets or between stars counts as speech.
"""
_WORD = re.compile(r"\w+|\*{3,}")
"""A word, also a masked one: ``***``."""
_ACCENTS = re.compile(r"[\u0300-\u036f]")
_FOREIGN = re.compile(r"[^\W\d_a-zA-Z\u00aa\u00ba\u00c0-\u024f]")
"""Letters of scripts other than Latin, in which Spanish and English are written."""


def judge(transcript: Transcript, seconds: float) -> DiscardReason | None:
    """Return why ``transcript`` counts as not said; None: it was said.

    ``seconds`` is the length of the sound that it was made from. What the text alone looks like
    counts only where the engine is not sure.
    """
    words = _words(transcript.text)
    if not words or _is_silent(transcript, words):
        return DiscardReason.NO_SPEECH
    if _is_unsure(transcript) or _is_too_fast(words, seconds):
        return DiscardReason.HALLUCINATION
    if not _is_sure(transcript) and _looks_invented(transcript, words):
        return DiscardReason.HALLUCINATION
    return None


def _words(text: str) -> list[str]:
    return _WORD.findall(_plain(_ASIDE.sub(" ", text)))


def _plain(text: str) -> str:
    return _ACCENTS.sub("", unicodedata.normalize("NFD", text.casefold()))


# --- what the engine says of itself


def _is_silent(transcript: Transcript, words: list[str]) -> bool:
    silence = transcript.no_speech_probability
    unsure = transcript.average_log_probability < LOWEST_LOG_PROBABILITY
    doubtful = unsure or " ".join(words) in DOUBTFUL
    return silence >= CERTAIN_SILENCE or (silence > LIKELY_SILENCE and doubtful)


def _is_unsure(transcript: Transcript) -> bool:
    return (
        transcript.confidence < LOWEST_CONFIDENCE
        or transcript.average_log_probability < LOWEST_LOG_PROBABILITY
    )


def _is_sure(transcript: Transcript) -> bool:
    """Return whether the engine is sure of the words, and that somebody spoke.

    An engine that gives no probability counts as unsure.
    """
    silence = transcript.no_speech_probability
    certainty = transcript.average_log_probability or math.log(max(transcript.confidence, 1e-9))
    if silence < LEAST_SILENCE:  # no engine is ever certain: exactly 1 is a default value
        return CERTAIN_LOG_PROBABILITY <= certainty < 0
    return certainty >= SURE_LOG_PROBABILITY and silence <= SURE_SILENCE


# --- the words beside the length of their sound


def _is_too_fast(words: list[str], seconds: float) -> bool:
    letters = sum(map(len, words))
    return letters > LETTERS_AT_ONCE + LETTERS_PER_SECOND * seconds or (
        len(words) > LOOP_WORDS_AT_ONCE + LOOP_WORDS_PER_SECOND * seconds and _is_loop(words)
    )


# --- the words alone


def _looks_invented(transcript: Transcript, words: list[str]) -> bool:
    return (
        transcript.compression_ratio > HIGHEST_COMPRESSION_RATIO
        or _is_phantom(transcript.text)
        or _is_loop(words)
        or _is_another_script("".join(words))
    )


def _is_phantom(text: str) -> bool:
    whole = " ".join(_words(text))
    sentences = [" ".join(_words(part)) for part in re.split(r"[.!?…]+(?:\s|$)", text)]
    return whole in PHANTOMS or all(part in PHANTOMS for part in sentences if part)


def _is_loop(words: list[str]) -> bool:
    return any(_repeated(words, size) for size in range(1, LONGEST_LOOP_WORDS + 1))


def _repeated(words: list[str], size: int) -> bool:
    """Return whether most of ``words`` repeats the same ``size`` words."""
    longest = longest_run(words, size)
    return longest >= FEWEST_REPEATED_WORDS and 2 * longest > len(words)


def _is_another_script(letters: str) -> bool:
    return 2 * len(_FOREIGN.findall(letters)) > len(letters)
