"""The JSON in what a language model answers, wherever it stands and however broken it is. Pure.

json-repair (0.64.6) is not used: it completes a string that was cut off, so that half a translation
passes for a whole one, and it takes 4 s for 20 kB of opening braces, where this takes 0.06 s. It
would replace 43 of these lines.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from sessions_app.engines.text.whole_text import whole

BRACES = 40
"""How many opening braces are tried as the beginning of the answer."""
DEPTH = 4
"""How many levels of nesting are searched for an object or a value."""
PARTS = 100
"""How many items of a list are read."""

NAMES: Mapping[str, tuple[str, ...]] = {
    "translated": ("translated", "translation", "translated_text", "traduccion", "traducción"),
    "corrected": ("corrected", "correction", "source_corrected", "corrected_source"),
    "phrases": ("phrases", "idioms", "notes", "flags"),
    "corrections": ("corrections", "mistakes"),
}
"""What models call each field."""
VALUES = (
    "text",
    "value",
    "content",
    "sentence",
    "output",
    "result",
    "answer",
    "response",
    "target",
    "data",
)
"""What models call the only text in an object."""
LANGUAGES: Mapping[str, tuple[str, ...]] = {
    "en": ("en", "english", "inglés", "ingles"),
    "es": ("es", "spanish", "español", "espanol"),
}

_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_DOUBLE = r'"((?:[^"\\]|\\.)*)"'
_SINGLE = r"'((?:[^'\\]|\\.)*)'(?=\s*[,}\]])"
"""Python's quotes; an unescaped apostrophe inside does not end the string."""

Fields = Mapping[str, Any]


def find_fields(text: str, target: str = "") -> Fields | None:
    """Return the object in ``text`` that contains a translation; None: there is none.

    ``target`` is the language translated into, ``es`` or ``en``; empty: not known.
    """
    for candidate in (text, _TRAILING_COMMA.sub(r"\1", text)):
        values = list(_values(candidate))
        for found in (fields for value in values for fields in _within(value, DEPTH)):
            if words(named(found, "translated"), target):
                return found
        for found in values:
            if only := _only_text(found, target):
                return {"translated": only}
    return _torn_fields(text) or _list_of_one(text)


def parts_of(text: str, count: int) -> list[Fields]:
    """Return the ``count`` objects in ``text`` with one translation each; empty: not so many.

    Some models give one object for each sentence.
    """
    parts = [part for value in _values(text) for part in _holders(value, DEPTH)]
    return parts if len(parts) == count > 1 else []


def lowered(fields: Fields) -> Fields:
    """Return ``fields`` with lower-case names, since models write them in any case."""
    return {str(key).strip().casefold(): value for key, value in fields.items()}


def named(fields: Fields, name: str) -> Any:
    """Return the value of the field ``name`` under any of its names; None: there is none."""
    lower = lowered(fields)
    values = (lower[key] for key in NAMES[name] if key in lower)
    return next((value for value in values if value not in (None, "", [], {})), None)


def words(value: Any, target: str = "", depth: int = DEPTH) -> str:
    """Return the words of a value: a text or a number, or the one in a list or an object."""
    if isinstance(value, str):
        return _unwrapped(whole(value).strip(), target, depth)
    if isinstance(value, int | float):
        is_number = not isinstance(value, bool) and math.isfinite(value)
        return str(value) if is_number else ""
    if depth <= 0:
        return ""
    if isinstance(value, list):
        parts = (words(part, target, depth - 1) for part in value[:PARTS])
        return " ".join(part for part in parts if part)
    return _only_text(value, target, depth - 1) if isinstance(value, dict) else ""


def _unwrapped(text: str, target: str, depth: int) -> str:
    """Return the translation in ``text`` if that is JSON itself, otherwise all of it."""
    if depth > 0 and text.startswith("{") and text.endswith("}"):
        inner = _loaded(text)
        if isinstance(inner, dict):
            translated = words(named(inner, "translated"), target, depth - 1)
            return translated or _only_text(inner, target, depth - 1) or text
    return text


def _only_text(fields: Fields, target: str, depth: int = DEPTH) -> str:
    """Return the text of an object without a field ``translated``; empty: it is ambiguous."""
    lower = lowered(fields)
    if any(name in lower for name in NAMES["translated"]):
        return words(named(lower, "translated"), target, depth - 1) if depth > 0 else ""
    for names in (LANGUAGES.get(target, ()), VALUES):
        for name in names:
            if depth > 0 and (found := words(lower.get(name), target, depth - 1)):
                return found
    return ""


def _values(text: str) -> Iterator[Fields]:
    """Yield the consecutive objects in ``text``."""
    decoder = json.JSONDecoder(strict=False)
    end = 0
    for begin in islice(re.finditer(r"\{", text), BRACES):
        if begin.start() < end:
            continue
        try:
            value, end = decoder.raw_decode(text, begin.start())
        except (ValueError, RecursionError):
            continue
        yield value


def _within(value: Any, depth: int) -> Iterator[Fields]:
    """Yield the objects in ``value``, the outermost first, including those inside strings."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = _loaded(value)
    if isinstance(value, dict):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if depth > 0:
        for each in islice(inner, PARTS):
            yield from _within(each, depth - 1)


def _holders(value: Any, depth: int) -> Iterator[Fields]:
    """Yield the outermost objects in ``value`` that contain a translation."""
    if isinstance(value, dict) and words(named(value, "translated")):
        yield value
    elif depth > 0:
        inner = value.values() if isinstance(value, dict) else value
        for each in islice(inner, PARTS) if isinstance(value, dict | list) else ():
            yield from _holders(each, depth - 1)


def _loaded(text: str) -> Any:
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _list_of_one(text: str) -> Fields | None:
    value = _loaded(text) if text.lstrip().startswith("[") else None
    match value:
        case [str(only)] if only.strip():
            return {"translated": only}
        case _:
            return None


def _torn_fields(text: str) -> Fields | None:
    """Return the complete strings of an object that is truncated or broken further on."""
    found = {
        name: value for names in NAMES.values() for name in names if (value := _torn(text, name))
    }
    return found if words(named(found, "translated")) else None


def _torn(text: str, name: str) -> str:
    key = rf"[\"']?\b{name}[\"']?\s*:\s*"
    if match := re.search(key + _DOUBLE, text, re.DOTALL):
        return _unescaped(match[1])
    if match := re.search(key + _SINGLE, text, re.DOTALL):
        return _unescaped(match[1].replace("\\'", "'").replace('"', '\\"'))
    return ""


def _unescaped(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text
