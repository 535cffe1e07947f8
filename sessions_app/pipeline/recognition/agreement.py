"""Which words of a hypothesis will not change any more: LocalAgreement-2, on words."""

from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import takewhile
from typing import NamedTuple

from sessions_app.engines.text.sentences import sentence_key

TRAILING = ".,;:…!?-—"
"""Marks that a transcriber sets after the last word only because the sound ends there."""


class Word(NamedTuple):
    """A word as it is spelt, and the form by which two words are compared."""

    spelling: str
    key: str


class Agreement:
    """The hypotheses of one utterance, as they come.

    A word is stable once two consecutive hypotheses have it after the same stable words; case and
    punctuation do not count. Stable words never change again: of the two spellings the newer is
    kept. Liu et al., "Low-Latency Sequence-to-Sequence Speech Recognition and Translation by
    Partial Hypothesis Selection", 2020.
    """

    def __init__(self) -> None:
        self._stable: list[Word] = []
        self._unstable: list[Word] = []

    def update(self, text: str) -> tuple[str, str]:
        """Take the next hypothesis of the whole utterance; return its stable and unstable text.

        The stable text begins with the one returned before.
        """
        newest = _words(text)
        rest = newest[_end_of(self._stable, newest) :]
        agreed = _agreement(self._unstable, rest)
        self._unstable = rest[agreed:]
        self._stable += _made_stable(rest[:agreed], ends_here=not self._unstable)
        return _text(self._stable), _text(self._unstable)


def _words(text: str) -> list[Word]:
    words = (Word(spelling, sentence_key(spelling)) for spelling in text.split())
    return [word for word in words if word.key]


def _keys(words: Sequence[Word]) -> list[str]:
    return [word.key for word in words]


def _text(words: Sequence[Word]) -> str:
    return " ".join(word.spelling for word in words)


def _agreement(one: Sequence[Word], other: Sequence[Word]) -> int:
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0].key == pair[1].key, pairs))


def _end_of(stable: Sequence[Word], newest: Sequence[Word]) -> int:
    """Return where in ``newest`` the words after the stable ones begin.

    A newer hypothesis may have other stable words, even another number of them: what counts is
    what comes after the last one that both have.
    """
    if _agreement(stable, newest) == len(stable):
        return len(stable)
    matcher = SequenceMatcher(None, _keys(stable), _keys(newest), autojunk=False)
    ends = [(a + size, b + size) for a, b, size in matcher.get_matching_blocks() if size]
    in_stable, in_newest = ends[-1] if ends else (0, 0)
    return in_newest + len(stable) - in_stable


def _made_stable(words: list[Word], *, ends_here: bool) -> list[Word]:
    if not (words and ends_here):
        return words
    spelling, key = words[-1]
    return [*words[:-1], Word(spelling.rstrip(TRAILING), key)]
