"""What language models answer, read with lenience: a good translation is never lost to bad JSON."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sessions_app.engines.whole_text import whole
from sessions_app.errors import EngineError
from sessions_app.events import Phrase

KINDS = ("idiom", "false_friend", "correction")
"""What a phrase may be."""
PHRASES = 12
"""How many phrases of one answer are taken."""
BRACES = 40
"""How many opening braces are tried as the beginning of the answer."""
CHATTER = 4
"""An answer in plain words that is this many times longer than what was asked is no translation."""

_NAMES = {
    "translated": ("translated", "translation", "translated_text", "traduccion"),
    "corrected": ("corrected", "correction", "source_corrected", "corrected_source"),
    "phrases": ("phrases", "idioms", "notes", "flags"),
}
_TAG = re.compile(
    r"<(?P<end>/?)(?:think|thinking|thought|reasoning|reflection)>|\[(?P<END>/?)THINK\]",
    re.IGNORECASE,
)
_CHANNEL = "<|channel|>final<|message|>"
_SPECIAL = re.compile(r"<\|[a-z_]+\|>")
_FENCE = re.compile(r"```[a-z]*\s", re.IGNORECASE)
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_LABEL = re.compile(
    r"^\s*(?:\*\*)?(?:translation|traducci[oó]n|english|spanish|espa[nñ]ol|ingl[eé]s)"
    r"(?:\*\*)?\s*:\s*",
    re.IGNORECASE,
)
_QUOTES = {'"': '"', "“": "”", "«": "»", "'": "'"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model made of one request."""

    translated: str
    corrected: str = ""
    phrases: tuple[Phrase, ...] = ()
    confidence: float = 1.0


def read_answer(content: str, source: str) -> Answer:
    """Return what ``content`` says of ``source``.

    Thoughts, code fences and chatter around the JSON are passed over; null lists, strings for
    numbers, other names and cut ends are understood; plain words are taken as the translation.

    Raises:
        EngineError: there is no translation in it.
    """
    text = without_thoughts(content)
    fields = _fields(text) or _torn_fields(text)
    if fields is None and not text.lstrip().startswith(("{", "[")):
        fields = {"translated": _plain(text, source)}
    translated = _words(_named(fields or {}, "translated"))
    if not translated:
        raise EngineError("The language model gave no translation.")
    named = fields or {}
    return Answer(
        translated,
        _words(_named(named, "corrected")),
        _phrases(_named(named, "phrases")),
        _confidence(named.get("confidence")),
    )


def without_thoughts(content: str) -> str:
    """Return ``content`` without what the model thought aloud, finished or not."""
    text = content.rpartition(_CHANNEL)[2] if _CHANNEL in content else content
    kept: list[str] = []
    begin, is_thinking = 0, False
    for tag in _TAG.finditer(text):
        if tag["end"] or tag["END"]:
            # some templates swallow the opening tag: then all before was a thought
            kept = kept if is_thinking else []
            begin, is_thinking = tag.end(), False
        elif not is_thinking:
            kept.append(text[begin : tag.start()])
            is_thinking = True
    if not is_thinking:
        kept.append(text[begin:])
    return _SPECIAL.sub("", "".join(kept))


def plain_words(content: str) -> str:
    """Return a draft that is still being written: without thoughts, labels and quotation marks."""
    return _bare(without_thoughts(content))


# --- finding the JSON


def _fields(text: str) -> Mapping[str, Any] | None:
    for candidate in (text, _TRAILING_COMMA.sub(r"\1", text)):
        for value in islice(_objects(candidate), BRACES):
            if _words(_named(value, "translated")):
                return value
    return None


def _objects(text: str) -> Iterator[Mapping[str, Any]]:
    decoder = json.JSONDecoder(strict=False)
    end = 0
    for begin in islice(re.finditer(r"\{", text), BRACES):
        if begin.start() < end:
            continue
        try:
            value, end = decoder.raw_decode(text, begin.start())
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            yield value
            yield from (inner for inner in value.values() if isinstance(inner, dict))


def _torn_fields(text: str) -> Mapping[str, Any] | None:
    """Return the whole strings of an object that is cut off or wrong further on."""
    found = {
        name: _unescaped(match[1])
        for names in _NAMES.values()
        for name in names
        if (match := re.search(rf'"{name}"\s*:\s*"((?:[^"\\]|\\.)*)"', text, re.DOTALL))
    }
    return found if _words(_named(found, "translated")) else None


def _unescaped(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text


def _named(fields: Mapping[str, Any], name: str) -> Any:
    lower = {str(key).strip().lower(): value for key, value in fields.items()}
    return next((lower[key] for key in _NAMES[name] if lower.get(key)), None)


# --- reading its values


def _words(value: Any) -> str:
    if isinstance(value, list):
        value = " ".join(part for part in value if isinstance(part, str))
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    return whole(value).strip() if isinstance(value, str) else ""


def _phrases(value: Any) -> tuple[Phrase, ...]:
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list):
        return ()
    phrases = (_phrase(item) for item in value[:PHRASES])
    return tuple(phrase for phrase in phrases if phrase.text and phrase.meaning)


def _phrase(value: Any) -> Phrase:
    if isinstance(value, str):
        text, _, meaning = whole(value).partition(":")
        return Phrase(text.strip(), meaning.strip())
    if not isinstance(value, dict):
        return Phrase("", "")
    kind = _words(value.get("kind")).lower().replace(" ", "_").replace("-", "_")
    return Phrase(
        _words(value.get("text") or value.get("phrase")),
        _words(value.get("meaning") or value.get("explanation")),
        kind if kind in KINDS else "idiom",
        _words(value.get("literal")),
    )


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
    bare = _bare(text)
    return bare if len(bare) <= CHATTER * len(source) + 60 else ""


def _bare(text: str) -> str:
    words = text.strip()
    if fence := _FENCE.match(words):
        words = words[fence.end() :].removesuffix("```")
    words = _LABEL.sub("", words).strip()
    if len(words) > 1 and _QUOTES.get(words[0]) == words[-1]:
        words = words[1:-1].strip()
    return words
