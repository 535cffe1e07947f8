"""Is it a translation? What is judged of every translator's answers, whatever made them. Pure.

Only what no interpreter would say is refused: names, numbers, loans, short answers and what people
really said twelve times pass.
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
"""A translation is so many times longer than its source at most ..."""
ALLOWANCE = 45
"""... and by so many characters more: a word may need a sentence."""
SHORTEST = 6.0
"""Its source is so many times longer at most, where that has LONG_CHARACTERS or more."""
LONG_CHARACTERS = 60
DIGIT = 8
"""For how many characters a digit stands: what is said at length may be written in digits."""

STRANGE = 1 / 3
"""Of a draft, more than this share of letters is in another script; of a final, none is."""
STRANGE_SIGNS = 1 / 2
"""Greek letters are also signs: what has more of them, and is no SHORT_FORMULA, is Greek."""
SHORT_FORMULA = 2

SENTENCE = 3
"""With so many words of its language a source is no name, which may stand in a translation."""
PLACEHOLDERS = frozenset(
    {"null", "none", "undefined", "nan", "n/a", "string", "translated", "text"}
)
"""What programs put where there is nothing ..."""
FEW_WORDS = 3
"""... and people say where no more was said."""

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
    """Return why ``text`` is no translation of ``source``; None: it may well be one.

    What is not ``is_whole`` goes on: whatever only the end can tell is passed over. In a draft a
    word in another script is passed over too: its final is soon there.
    """
    if is_whole and _has_letters(source) and (not _has_words(text) or _is_nothing(text, source)):
        return Fault.EMPTY
    shape = _wrong_shape(text, source, is_whole=is_whole, most_strange=STRANGE * is_draft)
    return shape or _wrong_words(text, source, direction)


def fault_of_correction(text: str, source: str, direction: Direction) -> Fault | None:
    """Return why ``text`` is not what was meant by ``source``, in its own language."""
    if direction.source and is_written_in_another(text, direction.source, source):
        return Fault.LANGUAGE
    return _wrong_shape(text, source, is_whole=True, most_strange=0.0)


def is_topic(line: str, said: str) -> bool:
    """Return whether ``line`` may be what is talked of where people ``said`` that."""
    return not (is_refusal(line, said) or is_loop(line, said) or _has_markup(line, said))


def bad_translation(fault: Fault, engine: str) -> BadTranslationError:
    """Return the error that says that what ``engine`` gave has ``fault``."""
    return BadTranslationError(MESSAGES[fault], engine=engine, fault=fault)


def without_controls(text: str) -> str:
    """Return ``text`` without control characters, but for tabs and line breaks."""
    return _CONTROLS.sub("", text)


def is_beginning_of(text: str, source: str) -> bool:
    """Return whether ``text`` says word for word how ``source`` begins; what has none may yet."""
    said, beginning = (_said(each.casefold()) for each in (source, text))
    if not beginning:
        return not _has_words(text)
    # the last word may go on
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
    # what is said again and again need not be translated as often
    said = sum(map(len, set(_SAID.findall(source.casefold()))))
    size = len(text.strip()) + (DIGIT - 1) * _digits(text)
    return said >= LONG_CHARACTERS and SHORTEST * size < said


def _is_another_script(text: str, source: str, most: float) -> bool:
    """Return whether more than the share ``most`` of the letters are such that nobody expects."""
    strange = {letter for letter in set(text) - set(source) if not _is_latin(letter)}
    letters = sum(map(str.isalpha, text))
    if all(unicodedata.name(letter, "").startswith("GREEK") for letter in strange):
        # they stand in formulas
        most = STRANGE_SIGNS if letters > SHORT_FORMULA else 1.0
    return sum(letter in strange for letter in text) > most * letters


def _is_latin(character: str) -> bool:
    """Return whether a character is no letter, or one of ours, in whatever width or weight."""
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
    """Return what of a mark stays the same when what it holds is translated."""
    sign = _SIGN.match(mark.casefold())
    return sign[0] if sign else mark


def _is_echo(text: str, source: str, language: str) -> bool:
    words, said = _said(text), _said(source)
    is_sentence = words_of(source, language) >= SENTENCE
    if is_sentence and (_is_same_but_for_capitals(words, said) or _holds(words, said)):
        return True
    # what is written as a name in either is one: "los angeles", "Los Angeles"
    is_name = not (words_of(source, language) and words_of(text, language))
    return _is_same(words, said) and not is_name


def _is_same_but_for_capitals(words: list[str], said: list[str]) -> bool:
    return list(map(str.casefold, words)) == list(map(str.casefold, said))


def _holds(words: list[str], said: list[str]) -> bool:
    """Return whether all that was ``said`` stands in ``words``, as it was written."""
    return f" {' '.join(said)} " in f" {' '.join(words)} "


def _is_same(words: list[str], others: list[str]) -> bool:
    # capitals alone are no echo of what has none
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
