"""Corrections of what a learner said: a kind of phrase with fields of its own."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sessions_app.core.events import Phrase

CORRECTION = "correction"
"""The ``kind`` of such a phrase."""


@dataclass(frozen=True, slots=True)
class Correction(Phrase):
    """The correction of a mistake.

    Clients that do not know corrections find what is right in ``text``, and why in ``meaning``. It
    is no translation, so ``literal`` is empty.
    """

    wrong: str = ""
    """What the learner said."""
    right: str = ""
    """What it should have been, in the same language."""
    why: str = ""
    """The reason, in the other language; empty: not given."""


def make_correction(wrong: str, right: str, why: str = "") -> Correction:
    """Return the correction of ``wrong`` to ``right``."""
    return Correction(right, why, CORRECTION, wrong=wrong, right=right, why=why)


def phrase_of(kept: Mapping[str, Any]) -> Phrase:
    """Return a phrase from stored JSON; older corrections have no fields of their own."""
    if kept.get("kind") != CORRECTION:
        return Phrase(**kept)
    return make_correction(
        kept.get("wrong") or kept.get("literal") or "",
        kept.get("right") or kept.get("text") or "",
        kept.get("why") or kept.get("meaning") or "",
    )


def as_correction(phrase: Phrase) -> Phrase:
    """Return a phrase of the kind ``correction`` as a Correction; any other unchanged."""
    return phrase_of(asdict(phrase)) if phrase.kind == CORRECTION else phrase
