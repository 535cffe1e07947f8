"""Where sentences end in speech that goes on, by the words, their marks and their times."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from sessions_app.core.audio import to_samples
from sessions_app.core.events import SpokenWord, Transcript
from sessions_app.engines.text.sentences import split_sentences

SHORTEST_SECONDS = 1.5
"""A sentence shorter than this goes together with the next one: words need some context."""
FOLLOWING_SECONDS = 0.5
"""How much must follow an end: a transcriber ends the last sentence wherever the sound ends."""
MARGIN_SECONDS = 0.05
"""How far the times of words may be wrong."""
ASKING = "?!"


@dataclass(frozen=True, slots=True)
class FinishedSentence:
    """A sentence, or several, with the words; times count from the beginning of the sound."""

    transcript: Transcript
    gap: tuple[int, int]
    """From which sample to which no word is being said after it: somewhere there it ends."""


def finished_sentences(transcript: Transcript, samples: int) -> list[FinishedSentence]:
    """Return the sentences that have ended in a sound of ``samples``; what is left goes on.

    None have where the words have no times.
    """
    words = transcript.words
    if _joined(words) != transcript.text.split():
        return []
    found, first = [], 0
    for last in _ends(words):
        start = words[first].start_seconds if first else 0.0
        end, following = words[last].end_seconds, words[last + 1].start_seconds
        if end - start < SHORTEST_SECONDS:
            continue
        if samples - to_samples(following) < to_samples(FOLLOWING_SECONDS):
            break
        spoken = words[first : last + 1]
        made = replace(transcript, text=" ".join(_joined(spoken)), words=spoken)
        found.append(FinishedSentence(made, _gap(end, following)))
        first = last + 1
    return found


def words_after(transcript: Transcript, sentences: Sequence[FinishedSentence]) -> Transcript:
    """Return what is left of ``transcript`` after ``sentences``, which it begins with."""
    said = sum(len(sentence.transcript.words) for sentence in sentences)
    rest = transcript.words[said:]
    return replace(transcript, text=" ".join(_joined(rest)), words=rest) if said else transcript


def _joined(words: Sequence[SpokenWord]) -> list[str]:
    return "".join(word.text for word in words).split()


def _ends(words: Sequence[SpokenWord]) -> list[int]:
    """Return the positions of the words that end a sentence, without the last word."""
    lengths = [len("".join(_joined(words[: n + 1]))) for n in range(len(words))]
    sentences = split_sentences(" ".join(_joined(words)), max_characters=sys.maxsize)
    ends, length = [], 0
    for sentence, following in pairwise(sentences):
        length += len("".join(sentence.split()))
        if length in lengths and _begins_anew(sentence, following):
            ends.append(lengths.index(length))
    return ends


def _begins_anew(sentence: str, following: str) -> bool:
    """Return whether ``following`` is no continuation: "I would ... like" is one sentence."""
    letters = [letter for letter in following if letter.isalnum()]
    asks = any(mark in ASKING for mark in sentence[-2:])
    return asks or not (letters and letters[0].islower())


def _gap(end_seconds: float, start_seconds: float) -> tuple[int, int]:
    first = min(end_seconds, start_seconds) - MARGIN_SECONDS
    last = max(end_seconds, start_seconds) + MARGIN_SECONDS
    return to_samples(max(0.0, first)), to_samples(last)
