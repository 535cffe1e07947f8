"""How much of a text repeats the same thing."""

import re
from collections.abc import Sequence
from itertools import groupby

LONGEST_LOOP_WORDS = 30
"""What is longer than this and repeated is a refrain, no loop."""
FEWEST_TIMES = 3
FEWEST_WORDS = 8
"""People do say "no, no, no, no": fewer repeated words than this are no loop ..."""
FEWEST_CHARACTERS = 24
"""... nor are fewer repeated characters: "jajajaja"."""
BEYOND = 2
"""A translation may repeat itself this many times as much as its source ..."""
ALLOWANCE = 5
"""... plus this many words."""

_WORD = re.compile(r"\w+")
_SAME_LETTERS = re.compile(r"(\S{1,8}?)\1{2,}")


def is_loop(text: str, source: str) -> bool:
    """Return whether ``text`` repeats itself, and ``source``, which it was made from, does not.

    Takes time in proportion to their lengths.
    """
    words, characters = repeated_words(text), repeated_characters(text)
    is_of_words = words >= FEWEST_WORDS and words > BEYOND * repeated_words(source) + ALLOWANCE
    is_of_letters = characters >= FEWEST_CHARACTERS and (
        characters > BEYOND * repeated_characters(source) + ALLOWANCE
    )
    return is_of_words or is_of_letters


def repeated_words(text: str) -> int:
    """Return the number of words in the longest run that repeats the same words."""
    words = _WORD.findall(text.casefold())
    return max(longest_run(words, size) for size in range(1, LONGEST_LOOP_WORDS + 1))


def repeated_characters(text: str) -> int:
    """Return the length of the longest run that repeats the same letters or symbols."""
    return max((len(run[0]) for run in _SAME_LETTERS.finditer(text.casefold())), default=0)


def longest_run(words: Sequence[str], size: int) -> int:
    """Return the number of words in the longest run that repeats the same ``size`` words.

    0: nothing is repeated `FEWEST_TIMES`.
    """
    same = [before == after for before, after in zip(words, words[size:], strict=False)]
    runs = [sum(1 for _ in run) + size for is_same, run in groupby(same) if is_same]
    longest = max(runs, default=0)
    return longest if longest >= FEWEST_TIMES * size else 0
