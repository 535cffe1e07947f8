"""Lenient reading of a language model's answers: a good translation is never lost to bad JSON."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sessions_app.core.errors import BadTranslationError, Fault
from sessions_app.core.events import Phrase, Translation, Usage
from sessions_app.engines.llm.corrections import is_correction, read_corrections
from sessions_app.engines.llm.lenient_json import Fields, find_fields, named, parts_of, words
from sessions_app.engines.llm.reasoning import answer_of, answer_so_far
from sessions_app.engines.text.adornments import may_be_adornment, unadorned, without_opening
from sessions_app.engines.text.judge import bad_translation
from sessions_app.engines.text.sentences import split_sentences
from sessions_app.engines.text.whole_text import whole

KINDS = ("idiom", "false_friend")
"""The kinds of phrases besides corrections."""
PHRASES = 12
"""How many phrases of one answer are used."""
CHATTER = 4
"""A plain-text answer that is this many times as long as the source is no translation."""

_JSON = re.compile(r"\s*(?:\{\s*(?:[\"'{}]|\w+[\"']?\s*:|$)|\[\s*(?:[\"'\[{\]\d]|$))")


@dataclass(frozen=True, slots=True)
class Answer:
    """A model's answer to one request."""

    translated: str
    corrected: str = ""
    phrases: tuple[Phrase, ...] = ()
    confidence: float = 1.0

    def translation(self, source: str, usage: Usage) -> Translation:
        """Return it as the translation of ``source``."""
        corrected = "" if self.corrected == source else self.corrected
        return Translation(self.translated, corrected, self.phrases, self.confidence, "llm", usage)


def parse_chat_answer(
    content: str, source: str, *, target: str = "", is_cut: bool = False
) -> Answer:
    """Return the answer in ``content`` about ``source``.

    Reasoning, code fences and chatter around the JSON are skipped; null lists, strings for numbers,
    other names, nested objects and truncated ends are understood; plain text is taken as the
    translation. ``target`` is its language, ``es`` or ``en``; ``is_cut``: the model was stopped, so
    that plain text is half of a sentence.

    Raises:
        BadTranslationError: there is no translation in it, or half of one.
    """
    text = answer_of(content, source)
    fields = _joined(parts_of(text, len(split_sentences(source)))) or find_fields(text, target)
    if fields is None and is_cut:
        raise bad_translation(Fault.CUT, "llm")
    if fields is None and not _JSON.match(text):
        fields = {"translated": _plain(text, source)}
    fields = fields or {}
    translated = unadorned(words(named(fields, "translated"), target), source)
    if not translated:
        message = "The language model gave no translation."
        raise BadTranslationError(message, engine="llm", fault=Fault.EMPTY)
    return Answer(
        translated,
        unadorned(words(named(fields, "corrected")), source),
        (
            *_phrases(named(fields, "phrases")),
            *read_corrections(named(fields, "corrections"), PHRASES),
        ),
        _confidence(fields.get("confidence")),
    )


def without_thoughts(content: str) -> str:
    """Return ``content``, which is complete, without the model's reasoning."""
    return answer_of(content)


def plain_words(content: str, source: str = "", *, hides_thoughts: bool = False) -> str:
    """Return the part of a growing draft that is certain; empty: none yet.

    It is returned without reasoning, labels and quotation marks. ``hides_thoughts``: the model is
    known to begin with reasoning that has no opening mark.
    """
    text = answer_so_far(content, source, hides_thoughts=hides_thoughts)
    if _JSON.match(text) or may_be_adornment(text):
        return ""
    return without_opening(unadorned(text, source), source)


# --- reading the values


def _joined(parts: Sequence[Fields]) -> Fields | None:
    """Return one object for the objects of all sentences; None: there are none."""
    if not parts:
        return None
    return {
        "translated": [words(named(part, "translated")) for part in parts],
        "corrected": [words(named(part, "corrected")) for part in parts],
        "phrases": [item for part in parts for item in _items(named(part, "phrases"))],
        "corrections": [item for part in parts for item in _listed(named(part, "corrections"))],
        "confidence": min(_confidence(part.get("confidence")) for part in parts),
    }


def _phrases(value: Any) -> tuple[Phrase, ...]:
    return tuple(phrase for item in _items(value) for phrase in _read(item))


def _items(value: Any) -> list[Any]:
    items = [value] if isinstance(value, dict) else value
    return items[:PHRASES] if isinstance(items, list) else []


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _read(value: Any) -> tuple[Phrase, ...]:
    if isinstance(value, str):
        text, _, meaning = whole(value).partition(":")
        return _told(Phrase(text.strip(), meaning.strip()))
    if not isinstance(value, dict):
        return ()
    kind = words(value.get("kind")).lower().replace(" ", "_").replace("-", "_")
    if is_correction(kind, value):
        return read_corrections(value, 1)
    phrase = Phrase(
        words(value.get("text") or value.get("phrase")),
        words(value.get("meaning") or value.get("explanation")),
        kind if kind in KINDS else "idiom",
        words(value.get("literal")),
    )
    return _told(phrase)


def _told(phrase: Phrase) -> tuple[Phrase, ...]:
    return (phrase,) if phrase.text and phrase.meaning else ()


def _confidence(value: Any) -> float:
    is_percent = isinstance(value, str) and value.strip().endswith("%")
    try:
        number = float(str(value).strip().rstrip("%").replace(",", "."))
    except ValueError:
        return 1.0
    if not math.isfinite(number):
        return 1.0
    number = number / 100 if is_percent or 1 < number <= 100 else number
    return min(max(number, 0.0), 1.0)


def _plain(text: str, source: str) -> str:
    bare = unadorned(text, source)
    return bare if len(bare) <= CHATTER * len(source) + 60 else ""
