"""Which of the two languages is it? For utterances with hysteresis, for typed text by its words."""

import re
from collections.abc import Mapping

from sessions_app.events import Direction
from sessions_app.pipeline.stopwords import ENGLISH_WORDS, SPANISH_WORDS

LANGUAGES = {"es": "Spanish", "en": "English"}
CLEARLY = 0.7
"""How likely the other language must be for a speaker to have changed to it ..."""
CLEARLY_WHEN_SHORT = 0.85
"""... and in an utterance under SHORT_SECONDS, where models guess."""
SHORT_SECONDS = 1.0

WORD = 1.0
ACCENT = 1.5
ENDING = 0.5
LEAST_LEAD = 0.5
_SPANISH_LETTERS = re.compile(r"[áéíóúüñ]")
_SPANISH_MARKS = re.compile(r"[¿¡]")
_SPANISH_SHAPES = re.compile(
    r"(ci[oó]n(es)?|mente|[ai]endo|ando|ad[oa]s?|id[oa]s?|[ií]a[ns]?|aba[ns]?|amos|emos|imos"
    r"|aron|ieron|ast[ei]|ist[ei]|it[oa]s?|dad(es)?|ill[oa]s?|ar[ae]n?|er[ae]s?|os|as|rr[aeo])$"
)
_ENGLISH_SHAPES = re.compile(
    r"(ing|tions?|ly|ness|ment|ed|ful|less|ould|ght|ck|th|sh|ch|ee|ll|ss|ow|ew|ey|ay|rd|nd|nt|lk|rk)$"
    r"|^(th|wh|wr|kn|sh)|[wk]|[a-z]'(s|m|t|re|ve|ll|d)$|oo|ea[dkst]"
)


def only_language(direction: Direction, languages: frozenset[str]) -> str:
    """Return the name of the one language that is heard where ``auto`` promises both; else ""."""
    known = sorted(languages & LANGUAGES.keys())
    return LANGUAGES[known[0]] if direction.source is None and len(known) == 1 else ""


class LanguageChooser:
    """Finds the language of each utterance among Spanish and English, and sticks to it.

    ``languages`` are those that the transcriber knows: with only one there is no choice.
    """

    def __init__(self, languages: frozenset[str]) -> None:
        known = languages & LANGUAGES.keys()
        self._only = next(iter(known)) if len(known) == 1 else None
        self._current: str | None = None

    @property
    def current(self) -> str | None:
        """Return the language of the last utterance; None before the first."""
        return self._only or self._current

    def choose(self, probabilities: Mapping[str, float], seconds: float) -> str:
        """Return the language of an utterance of ``seconds``, from how likely each one is."""
        spanish, english = probabilities.get("es", 0.0), probabilities.get("en", 0.0)
        total = spanish + english
        likelier = "es" if spanish >= english else "en"
        share = max(spanish, english) / total if total > 0 else 0.0
        enough = CLEARLY if seconds >= SHORT_SECONDS else CLEARLY_WHEN_SHORT
        if self._current is None or share >= enough:
            self._current = likelier
        return self._only or self._current

    def note(self, language: str) -> None:
        """Take notice of the language of an utterance that was found in another way."""
        if language in LANGUAGES:
            self._current = language


def language_of_text(text: str) -> str | None:
    """Return the language of a typed sentence, ``es`` or ``en``; None: it could be either."""
    # a phone types the apostrophe as a quotation mark
    lower = text.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", lower)
    spanish = sum(map(_spanish, words)) + ACCENT * bool(_SPANISH_MARKS.search(text))
    english = sum(map(_english, words))
    if abs(spanish - english) < LEAST_LEAD:
        return None
    return "es" if spanish > english else "en"


def _spanish(word: str) -> float:
    accented = ACCENT * bool(_SPANISH_LETTERS.search(word))
    known = WORD * (word in SPANISH_WORDS)
    return accented + (known or _shape(word, _SPANISH_SHAPES))


def _english(word: str) -> float:
    return WORD * (word in ENGLISH_WORDS) or _shape(word, _ENGLISH_SHAPES)


def _shape(word: str, shapes: re.Pattern[str]) -> float:
    # a word known to belong to a language has told already
    is_known = word in SPANISH_WORDS or word in ENGLISH_WORDS
    return 0.0 if is_known or len(word) < len("con") else ENDING * bool(shapes.search(word))
