"""Corrections in a language model's answer, whatever it calls their fields. Pure."""

import re
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import Any

from sessions_app.core.corrections import Correction, make_correction
from sessions_app.core.printable import is_visible
from sessions_app.engines.llm.lenient_json import Fields, lowered, words

NAMES: Mapping[str, tuple[str, ...]] = {
    "wrong": ("wrong", "incorrect", "error", "mistake", "original", "literal"),
    "right": ("right", "correct", "correction", "corrected", "text"),
    "why": ("why", "reason", "explanation", "rule", "meaning"),
}
"""What models call each field; the last names are those of a phrase, for older prompts."""
KINDS = frozenset({"correction", "error", "mistake"})
"""What models call a phrase that is a correction."""

_KNOWN = frozenset(chain.from_iterable(NAMES.values()))
_ARROW = re.compile(
    r"(?P<wrong>.+?)\s*(?:->|=>|→|⇒)\s*(?P<right>[^:]+)(?::\s*(?P<why>.*))?", re.DOTALL
)


def read_corrections(value: Any, most: int) -> tuple[Correction, ...]:
    """Return at most ``most`` corrections in ``value``: those that change something visible.

    Objects, lists of two or three, lines such as ``a -> b: why``, and an object that maps what is
    wrong to what is right are understood.
    """
    values = value if isinstance(value, list) else [value]
    found = [each for one in values[:most] for each in islice(_in(one), most)]
    return tuple(each for each in found if each and _says_something(each))[:most]


def is_correction(kind: str, value: Fields) -> bool:
    """Return whether a phrase is a correction: by its ``kind``, or by its fields."""
    named = {"wrong", "right"} <= lowered(value).keys()
    return kind in KINDS or (named and not kind)


def _in(value: Any) -> Iterator[Correction | None]:
    match value:
        case dict() if _KNOWN.isdisjoint(lowered(value)):
            yield from map(_of_pair, (pair for pair in value.items() if isinstance(pair[1], str)))
        case dict():
            yield _of_fields(value)
        case str():
            yield from map(_of_line, value.splitlines())
        case [_, _] | [_, _, _]:
            yield _of_pair(value)


def _of_fields(value: Fields) -> Correction | None:
    lower = lowered(value)
    texts = {
        field: next(filter(None, (words(lower.get(name)) for name in names)), "")
        for field, names in NAMES.items()
    }
    return make_correction(**texts) if texts["wrong"] and texts["right"] else None


def _of_line(line: str) -> Correction | None:
    match = _ARROW.fullmatch(line.strip().lstrip("-*•✗ "))
    return _of_pair(match.groups("")) if match else None


def _of_pair(parts: Any) -> Correction:
    return make_correction(*map(words, parts))


def _says_something(each: Correction) -> bool:
    return is_visible(each.wrong) and is_visible(each.right) and each.wrong != each.right
