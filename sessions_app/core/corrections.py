"""What a learner said wrong, and how it is right: a phrase with fields of its own."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sessions_app.core.events import Phrase

CORRECTION = "correction"
"""The kind of phrase that it is."""


@dataclass(frozen=True, slots=True)
class Correction(Phrase):
    """A mistake put right. ``text`` is what is right, ``meaning`` why, for those who know no more.

    It is no translation: nothing of it is ``literal``.
    """

    wrong: str = ""
    """What the learner said."""
    right: str = ""
    """What it should have been, in the same language."""
    why: str = ""
    """In the other language; empty: not said."""


def correction(wrong: str, right: str, why: str = "") -> Correction:
    """Return the correction of ``wrong``."""
    return Correction(right, why, CORRECTION, wrong=wrong, right=right, why=why)


def phrase_of(kept: Mapping[str, Any]) -> Phrase:
    """Return a phrase as it was kept; older corrections have no fields of their own."""
    if kept.get("kind") != CORRECTION:
        return Phrase(**kept)
    return correction(
        kept.get("wrong") or kept.get("literal") or "",
        kept.get("right") or kept.get("text") or "",
        kept.get("why") or kept.get("meaning") or "",
    )


def as_correction(phrase: Phrase) -> Phrase:
    """Return a phrase that an engine calls a correction as one; any other as it is."""
    return phrase_of(asdict(phrase)) if phrase.kind == CORRECTION else phrase
