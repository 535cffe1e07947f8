"""Language identification, Spanish or English: of sound by several clues, of text by its words."""

import re
from collections import deque
from collections.abc import Mapping

from sessions_app.core.events import Direction
from sessions_app.engines.text.log_odds import log_odds
from sessions_app.engines.text.stopwords import ENGLISH_WORDS, SPANISH_WORDS

LANGUAGES = {"es": "Spanish", "en": "English"}
NEIGHBOURS = (0.4, 0.3, 0.3, 0.2)
"""The weight of each of the last utterances for its language, the newest first (log odds).

Together they outweigh a model that is 77 % sure of the other language, as it is of single words,
on which it guesses; of whole sentences it is surer than that (measured with Whisper base).
"""
SAME_BREATH = 0.5
"""The weight, for the last language, of an end at most BREATH_SECONDS ago."""
BREATH_SECONDS = 0.5
SAME_SPEECH = 3.0
"""The weight if the utterance continues one that was cut because of its length."""

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
    """Decides for each utterance whether it is Spanish or English.

    It adds up the log odds of the sound, of what was said before, and of whether the same person
    seems to go on speaking. ``languages`` are those that the transcriber knows: with only one there
    is nothing to decide.
    """

    def __init__(self, languages: frozenset[str]) -> None:
        known = languages & LANGUAGES.keys()
        self._only = next(iter(known)) if len(known) == 1 else None
        self._before: deque[str] = deque(maxlen=len(NEIGHBOURS))
        self._ended_at: float | None = None

    @property
    def current(self) -> str | None:
        """Return the language of the last utterance; None before the first."""
        return self._only or (self._before[0] if self._before else None)

    @property
    def has_a_choice(self) -> bool:
        """Return whether the transcriber knows both languages."""
        return self._only is None

    def choose(self, probabilities: Mapping[str, float], began_at: float | None = None) -> str:
        """Return the language of an utterance, given the probability of each by its sound.

        ``began_at`` is when it began, in seconds of the session's sound; None: not known.
        """
        odds = _log_odds_of_english(probabilities) + self._odds_of_neighbours(began_at)
        likelier = "en" if odds > 0 else "es"
        return self._only or likelier

    def note(self, language: str, ended_at: float | None = None) -> None:
        """Note an utterance's language, and when it ended; None: it was typed."""
        if language in LANGUAGES:
            self._before.appendleft(language)
            self._ended_at = ended_at

    def _odds_of_neighbours(self, began_at: float | None) -> float:
        if not self._before:
            return 0.0
        weights = list(NEIGHBOURS[: len(self._before)])
        weights[0] += self._weight_of_going_on(began_at)
        signed = zip(self._before, weights, strict=True)
        return sum(weight if language == "en" else -weight for language, weight in signed)

    def _weight_of_going_on(self, began_at: float | None) -> float:
        if began_at is None or self._ended_at is None or began_at < self._ended_at:
            return 0.0
        pause = began_at - self._ended_at
        if pause == 0.0:
            return SAME_SPEECH
        return SAME_BREATH if pause <= BREATH_SECONDS else 0.0


def _log_odds_of_english(probabilities: Mapping[str, float]) -> float:
    spanish, english = probabilities.get("es", 0.0), probabilities.get("en", 0.0)
    total = spanish + english
    return log_odds(english / total if total > 0 else 0.5)


def language_of_text(text: str, lead: float = LEAST_LEAD) -> str | None:
    """Return the language of a sentence by its words, ``es`` or ``en``; None: it could be either.

    ``lead`` is by how much one must be ahead, in words that only that language has.
    """
    # a phone types the apostrophe as a quotation mark
    lower = text.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", lower)
    spanish = sum(map(_spanish, words)) + ACCENT * bool(_SPANISH_MARKS.search(text))
    english = sum(map(_english, words))
    if abs(spanish - english) < lead:
        return None
    return "es" if spanish > english else "en"


def _spanish(word: str) -> float:
    accented = ACCENT * bool(_SPANISH_LETTERS.search(word))
    known = WORD * (word in SPANISH_WORDS)
    return accented + (known or _shape(word, _SPANISH_SHAPES))


def _english(word: str) -> float:
    return WORD * (word in ENGLISH_WORDS) or _shape(word, _ENGLISH_SHAPES)


def _shape(word: str, shapes: re.Pattern[str]) -> float:
    # words that belong to one language were counted above
    is_known = word in SPANISH_WORDS or word in ENGLISH_WORDS
    return 0.0 if is_known or len(word) < len("con") else ENDING * bool(shapes.search(word))
