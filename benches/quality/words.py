"""Words as they are compared, word error rate, and normalised erasure."""

import itertools
import unicodedata
from collections.abc import Iterable, Sequence

import jiwer

from playback_app.scoring import split_words

NUMBERS = {
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce",
    "en": "zero one two three four five six seven eight nine ten eleven twelve",
}
Pair = tuple[str, str]
"""What was said, and what was transcribed."""


def compared(text: str, language: str) -> list[str]:
    """Return the words of ``text``: no case, no punctuation, no accents, small numbers in words.

    The texts of the Spanish clips have accents at some places and none at others.
    """
    decomposed = unicodedata.normalize("NFD", text)
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    numbers = dict(enumerate(NUMBERS[language].split()))
    return [
        numbers.get(int(word), word) if word.isdecimal() else word for word in split_words(plain)
    ]


def error_percent(pairs: Iterable[Pair], language: str) -> float:
    """Return the word error rate over all ``pairs`` together, in percent; nan: nothing was said."""
    said = [(compared(was, language), compared(heard, language)) for was, heard in pairs]
    said = [(was, heard) for was, heard in said if was]
    if not said:
        return float("nan")
    references, hypotheses = (list(map(" ".join, side)) for side in zip(*said, strict=True))
    return 100 * float(jiwer.wer(references, hypotheses))


def erased_words(shown: Sequence[list[str]]) -> int:
    """Return how many words were taken back as one version followed another.

    Divided by the words of the last version it is what the literature calls normalised erasure.
    """
    erased = 0
    for before, after in itertools.pairwise(shown):
        kept = sum(1 for _ in itertools.takewhile(_are_equal, zip(before, after, strict=False)))
        erased += len(before) - kept
    return erased


def _are_equal(pair: tuple[str, str]) -> bool:
    return pair[0] == pair[1]
