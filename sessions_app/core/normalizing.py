"""What engines say, in a form that counts, is sent and is stored: they may return anything."""

import math
from dataclasses import fields, replace
from numbers import Real
from typing import Any

from sessions_app.core.events import PassedOver, Phrase, Translation, Usage

MOST_TOKENS = 2**31 - 1
"""What a column of the database holds."""


def normalized(translation: Translation) -> Translation:
    """Return ``translation`` with each value of its declared type, and each number in its range.

    What is not is taken for missing.
    """
    return replace(
        translation,
        text=_text(translation.text),
        corrected=_text(translation.corrected),
        phrases=tuple(_phrase(p) for p in _items(translation.phrases) if isinstance(p, Phrase)),
        confidence=probability(translation.confidence),
        engine=_text(translation.engine),
        usage=_usage(translation.usage),
        passed_over=tuple(
            PassedOver(_text(p.engine), _text(p.fault))
            for p in _items(translation.passed_over)
            if isinstance(p, PassedOver)
        ),
        is_gist=translation.is_gist is True,
    )


def probability(value: object) -> float:
    """Return ``value`` within 0..1; 0.0 where it is no number."""
    return min(max(_number(value) or 0.0, 0.0), 1.0)


def _usage(usage: object) -> Usage:
    if not isinstance(usage, Usage):
        return Usage()
    return Usage(
        _count(usage.prompt_tokens) or 0,
        _count(usage.completion_tokens) or 0,
        max(0.0, _number(usage.cost) or 0.0),
    )


def _phrase(phrase: Phrase) -> Phrase:
    texts = [field.name for field in fields(phrase) if field.name not in ("start", "end")]
    strange = {n: _text(v) for n in texts if not isinstance(v := getattr(phrase, n), str)}
    return replace(phrase, start=_count(phrase.start), end=_count(phrase.end), **strange)


def _items(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple | list) else ()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    if not isinstance(value, Real):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _count(value: object) -> int | None:
    number = _number(value)
    return None if number is None else min(max(int(number), 0), MOST_TOKENS)
