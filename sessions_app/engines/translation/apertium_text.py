"""Text as Apertium takes and gives it: escaped, with its capital and its full stop."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from sessions_app.engines.text.sentences import split_sentences

_SPECIAL = re.compile(r"([\[\]$/@\\<>{}])")
"""What means something in Apertium's stream format: https://wiki.apertium.org/wiki/Stream_format"""
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_CARET = "\ue05e"
"""Stands for ``^``: escaped as the format asks, it keeps a stage from flushing (3.8.3)."""
_FIRST_LETTER = re.compile(r"\W*([^\W\d_])")
_GAP = re.compile(r"(?<=\w) (?=[.,;!?](?:\s|$))")
"""Apertium leaves a space before the stop after a word it does not know: ``Soy Ana .``"""
_ALWAYS_CAPITAL = re.compile(
    r"(I|I'[a-z]+|Spanish|English|Mr|Mrs|Ms|Dr|God|[A-Z][a-z]+day|January|February|March|April|May|"
    r"June|July|August|September|October|November|December)\b"
)
"""English words that keep their capital within a sentence."""


def escape(text: str) -> str:
    """Return ``text`` with everything that Apertium would read as its own notation escaped."""
    return _SPECIAL.sub(r"\\\1", text).replace("^", _CARET)


def unescape(text: str) -> str:
    """Return what ``escape`` was given."""
    return _ESCAPED.sub(r"\1", text).replace(_CARET, "^")


@dataclass(frozen=True, slots=True)
class Dressed:
    """A sentence as the rules like it, and what was done to it."""

    text: str
    was_lowercase: bool
    """It began without a capital."""
    had_no_stop: bool
    """It ended in a letter or a digit."""


def dress(text: str) -> Dressed:
    """Return ``text`` with a capital first and a full stop last: both steer Apertium's tagger."""
    was_lowercase = begins_small(text)
    had_no_stop = text[-1:].isalnum()
    capital = _change_first(text, str.upper) if was_lowercase else text
    return Dressed(capital + "." if had_no_stop else capital, was_lowercase, had_no_stop)


def begins_small(text: str) -> bool:
    """Return whether the first word of ``text`` begins with a small letter."""
    letter = _FIRST_LETTER.match(text)
    return letter is not None and letter[1].islower()


def undress(answer: str, dressed: Dressed) -> str:
    """Return ``answer`` without the capital and the full stop that its source did not have."""
    text = _GAP.sub("", " ".join(answer.split()))
    if dressed.had_no_stop:
        text = text.removesuffix(".").rstrip()
    return lower_first(text) if dressed.was_lowercase else text


def lower_first(text: str) -> str:
    """Return ``text`` beginning with a small letter, unless its first word always has a capital."""
    letter = _FIRST_LETTER.match(text)
    if letter is None or _ALWAYS_CAPITAL.match(text, letter.start(1)):
        return text
    return _change_first(text, str.lower)


def _change_first(text: str, change: Callable[[str], str]) -> str:
    return _FIRST_LETTER.sub(lambda letter: change(letter[0]), text, count=1)


def open_questions(text: str) -> str:
    """Return Spanish ``text`` with the opening marks of questions and exclamations that lack them.

    Apertium leaves them out: ``Dónde es?``.
    """
    return " ".join(_open(sentence) for sentence in split_sentences(text))


def _open(sentence: str) -> str:
    for closing, opening in (("?", "¿"), ("!", "¡")):
        words = any(character.isalpha() for character in sentence)
        if sentence.endswith(closing) and opening not in sentence and words:
            return opening + sentence
    return sentence
