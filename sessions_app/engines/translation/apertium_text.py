"""Text for and from Apertium: escaped, with a capital letter and a full stop."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from sessions_app.engines.text.sentences import split_sentences

_SPECIAL = re.compile(r"([\[\]$/@\\<>{}])")
"""What is special in Apertium's stream format: https://wiki.apertium.org/wiki/Stream_format"""
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_CARET = "\ue05e"
"""Stands for ``^``, which keeps a stage from flushing even when escaped (3.8.3)."""
_FIRST_LETTER = re.compile(r"\W*([^\W\d_])")
_GAP = re.compile(r"(?<=\w) (?=[.,;!?](?:\s|$))")
"""Apertium leaves a space before punctuation after a word that it does not know: ``Soy Ana .``"""
_ALWAYS_CAPITAL = re.compile(
    r"(I|I'[a-z]+|Spanish|English|Mr|Mrs|Ms|Dr|God|[A-Z][a-z]+day|January|February|March|April|May|"
    r"June|July|August|September|October|November|December)\b"
)
"""English words that are capitalised within a sentence."""


def escape(text: str) -> str:
    """Return ``text`` with all that is special in Apertium's stream format escaped."""
    return _SPECIAL.sub(r"\\\1", text).replace("^", _CARET)


def unescape(text: str) -> str:
    """Return what ``escape`` was given."""
    return _ESCAPED.sub(r"\1", text).replace(_CARET, "^")


@dataclass(frozen=True, slots=True)
class PreparedSentence:
    """A sentence prepared for the rules, and what was changed."""

    text: str
    was_lowercase: bool
    """It began with a lower-case letter."""
    had_no_stop: bool
    """It ended in a letter or a digit."""


def prepare(text: str) -> PreparedSentence:
    """Return ``text`` with a capital and a full stop, which both help Apertium's tagger."""
    was_lowercase = begins_small(text)
    had_no_stop = text[-1:].isalnum()
    capital = _change_first(text, str.upper) if was_lowercase else text
    return PreparedSentence(capital + "." if had_no_stop else capital, was_lowercase, had_no_stop)


def begins_small(text: str) -> bool:
    """Return whether the first word of ``text`` begins with a lower-case letter."""
    letter = _FIRST_LETTER.match(text)
    return letter is not None and letter[1].islower()


def restore(answer: str, prepared: PreparedSentence) -> str:
    """Return ``answer`` without the capital and the full stop that its source did not have."""
    text = _GAP.sub("", " ".join(answer.split()))
    if prepared.had_no_stop:
        text = text.removesuffix(".").rstrip()
    return lower_first(text) if prepared.was_lowercase else text


def lower_first(text: str) -> str:
    """Return ``text`` with its first letter in lower case, unless it is always a capital."""
    letter = _FIRST_LETTER.match(text)
    if letter is None or _ALWAYS_CAPITAL.match(text, letter.start(1)):
        return text
    return _change_first(text, str.lower)


def _change_first(text: str, change: Callable[[str], str]) -> str:
    return _FIRST_LETTER.sub(lambda letter: change(letter[0]), text, count=1)


def open_questions(text: str) -> str:
    """Return Spanish ``text`` with missing opening question and exclamation marks added.

    Apertium leaves them out: ``Dónde es?``.
    """
    return " ".join(_open(sentence) for sentence in split_sentences(text))


def _open(sentence: str) -> str:
    for closing, opening in (("?", "¿"), ("!", "¡")):
        words = any(character.isalpha() for character in sentence)
        if sentence.endswith(closing) and opening not in sentence and words:
            return opening + sentence
    return sentence
