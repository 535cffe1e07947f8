"""Whether a text is a translation at all: the checks on the answers of every translator. Pure.

Only what no interpreter would say is rejected: names, numbers, loan words, short answers, and what
people really repeated twelve times are all accepted.
"""

import re
import unicodedata
from collections.abc import Mapping

from sessions_app.core.errors import BadTranslationError, Fault
from sessions_app.core.events import Direction
from sessions_app.engines.text.refusals import is_refusal
from sessions_app.engines.text.repetition import is_loop
from sessions_app.engines.text.written_language import is_written_in_another, words_of

LONGEST = 3.0
"""A translation may be this many times as long as its source ..."""
ALLOWANCE = 45
"""... plus this many characters: one word may need a whole sentence."""
SHORTEST = 6.0
"""A source of LONG_CHARACTERS or more may be at most this many times as long as its translation."""
LONG_CHARACTERS = 60
DIGIT = 8
"""How many characters a digit counts for: long spoken numbers may be written in digits."""

STRANGE = 1 / 3
"""The share of letters in another script that a draft may have; a final may have none."""
STRANGE_SIGNS = 1 / 2
"""Greek letters are also symbols: with a larger share, beyond SHORT_FORMULA, it is Greek."""
SHORT_FORMULA = 2

SENTENCE = 3
"""A source with this many words of its language is no name, which may stay untranslated."""
PLACEHOLDERS = frozenset(
    {"null", "none", "undefined", "nan", "n/a", "string", "translated", "text"}
)
"""What programs write where a value is missing ..."""
FEW_WORDS = 3
"""... and people say in an utterance with no more words than this."""

MESSAGES: Mapping[Fault, str] = {
    Fault.EMPTY: "The translator gave no words.",
    Fault.CUT: "The translator broke off in the middle of the sentence.",
    Fault.TOO_LONG: "The translator gave far more than a translation.",
    Fault.TOO_SHORT: "The translator left most of what was said out.",
    Fault.LOOP: "The translator repeated the same words again and again.",
    Fault.ECHO: "The translator gave the sentence back untranslated.",
    Fault.LANGUAGE: "The translator answered in another language.",
    Fault.SCRIPT: "The translator answered in another script.",
    Fault.REFUSAL: "The translator spoke of itself instead of translating.",
    Fault.MARKUP: "The translator gave markup instead of words.",
}

_MARKUP = re.compile(
    r"```|</\s*[a-z][\w:.-]*\s*>|<[a-z][\w:.-]*\s*/>|<(?:br|hr)\s*>|<[a-z][\w:.-]*\s+[\w:.-]+\s*=[^<>]*>"
    r"|</?(?:unk|pad|bos|eos|mask)>|<!(?:--|doctype)"
    r"|<\|[^<>|]*\|?>|\[/?INST\]|\*\*[^*\n]+\*\*|(?m:^#{1,6} \S)"
    r"|[{\[]\s*[\"'][\w ]+[\"']\s*:|^\[\s*[\"']",
    re.IGNORECASE,
)
_SIGN = re.compile(r"\*\*|#+|<[/!|]?\s*[\w:.-]*|[{\[]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SAID = re.compile(r"\w+|[<>]")
_ACCENTS = re.compile(r"[\u0300-\u036f]")


def fault_of(
    text: str,
    source: str,
    direction: Direction,
    *,
    is_whole: bool = True,
    is_draft: bool = False,
) -> Fault | None:
    """Return why ``text`` is no translation of ``source``; None: it may be one.

    If it is not ``is_whole`` it is still growing: faults that only the end can show are ignored. In
    a draft a word in another script is ignored too, since its final follows soon.
    """
    if is_whole and _has_letters(source) and (not _has_words(text) or _is_nothing(text, source)):
        return Fault.EMPTY
    shape = _wrong_shape(text, source, is_whole=is_whole, most_strange=STRANGE * is_draft)
    return shape or _wrong_words(text, source, direction)


def fault_of_correction(text: str, source: str, direction: Direction) -> Fault | None:
    """Return why ``text`` is no correction of ``source``, which is in the same language."""
    if direction.source and is_written_in_another(text, direction.source, source):
        return Fault.LANGUAGE
    return _wrong_shape(text, source, is_whole=True, most_strange=0.0)


def is_topic(line: str, said: str) -> bool:
    """Return whether ``line`` may be the topic of what was ``said``."""
    return not (is_refusal(line, said) or is_loop(line, said) or _has_markup(line, said))


def bad_translation(fault: Fault, engine: str) -> BadTranslationError:
    """Return the error that reports ``fault`` in what ``engine`` returned."""
    return BadTranslationError(MESSAGES[fault], engine=engine, fault=fault)


def without_controls(text: str) -> str:
    """Return ``text`` without control characters, but for tabs and line breaks."""
    return _CONTROLS.sub("", text)


def is_beginning_of(text: str, source: str) -> bool:
    """Return whether ``text`` repeats the beginning of ``source`` word for word, or may yet."""
    said, beginning = (_said(each.casefold()) for each in (source, text))
    if not beginning:
        return not _has_words(text)
    # the last word may be incomplete
    last = beginning.pop()
    return (
        len(beginning) < len(said)
        and said[: len(beginning)] == beginning
        and said[len(beginning)].startswith(last)
    )


def _wrong_shape(text: str, source: str, *, is_whole: bool, most_strange: float) -> Fault | None:
    if len(text) > LONGEST * len(source) + ALLOWANCE + DIGIT * _digits(source):
        return Fault.LOOP if is_loop(text[:10_000], source) else Fault.TOO_LONG
    if is_loop(text, source):
        return Fault.LOOP
    if _is_another_script(text, source, most_strange):
        return Fault.SCRIPT
    if _has_markup(text, source):
        return Fault.MARKUP
    return Fault.TOO_SHORT if is_whole and _is_too_short(text, source) else None


def _wrong_words(text: str, source: str, direction: Direction) -> Fault | None:
    if is_refusal(text, source):
        return Fault.REFUSAL
    if _is_echo(text, source, str(direction.source)):
        return Fault.ECHO
    is_another = is_written_in_another(text, str(direction.target), source)
    return Fault.LANGUAGE if is_another else None


def _has_letters(text: str) -> bool:
    return any(character.isalpha() for character in text)


def _has_words(text: str) -> bool:
    return any(character.isalnum() for character in text)


def _is_nothing(text: str, source: str) -> bool:
    is_placeholder = text.strip(" .<>[]{}()'\"").casefold() in PLACEHOLDERS
    return is_placeholder and len(source.split()) > FEW_WORDS


def _digits(text: str) -> int:
    return sum(character.isdigit() for character in text)


def _is_too_short(text: str, source: str) -> bool:
    # repetitions in the source need not all be translated
    said = sum(map(len, set(_SAID.findall(source.casefold()))))
    size = len(text.strip()) + (DIGIT - 1) * _digits(text)
    return said >= LONG_CHARACTERS and SHORTEST * size < said


def _is_another_script(text: str, source: str, most: float) -> bool:
    """Return whether more than a share ``most`` of the letters is in an unexpected script."""
    strange = {letter for letter in set(text) - set(source) if not _is_latin(letter)}
    letters = sum(map(str.isalpha, text))
    if all(unicodedata.name(letter, "").startswith("GREEK") for letter in strange):
        # they occur in formulas
        most = STRANGE_SIGNS if letters > SHORT_FORMULA else 1.0
    return sum(letter in strange for letter in text) > most * letters


def _is_latin(character: str) -> bool:
    """Return whether a character is no letter, or a Latin one, in any width or weight."""
    plain = unicodedata.normalize("NFKC", character)
    return all(
        not letter.isalpha()
        or letter in "ªº"
        or unicodedata.name(letter, "LATIN").startswith(("LATIN", "MODIFIER"))
        for letter in plain
    )


def _has_markup(text: str, source: str) -> bool:
    said = source.casefold()
    return any(_sign(mark[0]) not in said for mark in _MARKUP.finditer(text))


def _sign(mark: str) -> str:
    """Return the part of a mark that stays the same when its contents are translated."""
    sign = _SIGN.match(mark.casefold())
    return sign[0] if sign else mark


def _is_echo(text: str, source: str, language: str) -> bool:
    words, said = _said(text), _said(source)
    is_sentence = words_of(source, language) >= SENTENCE
    if is_sentence and (_is_same_but_for_capitals(words, said) or _holds(words, said)):
        return True
    # a word written as a name on either side is one: "los angeles", "Los Angeles"
    is_name = not (words_of(source, language) and words_of(text, language))
    return _is_same(words, said) and not is_name


def _is_same_but_for_capitals(words: list[str], said: list[str]) -> bool:
    return list(map(str.casefold, words)) == list(map(str.casefold, said))


def _holds(words: list[str], said: list[str]) -> bool:
    """Return whether ``words`` contain all of ``said``, as it was written."""
    return f" {' '.join(said)} " in f" {' '.join(words)} "


def _is_same(words: list[str], others: list[str]) -> bool:
    # capitals in only one of the two are no echo
    pairs = zip(words, others, strict=False)
    return len(words) == len(others) and all(
        one == other
        or (
            one.casefold() == other.casefold()
            and (one.isupper() == other.isupper() or len(one) == 1)
        )
        for one, other in pairs
    )


def _said(text: str) -> list[str]:
    return _SAID.findall(_ACCENTS.sub("", unicodedata.normalize("NFD", text)))
