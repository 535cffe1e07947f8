"""What translators say of themselves, and what is taken for granted where they say nothing."""

from sessions_app.core.events import Direction
from sessions_app.engines.base import Translator

BOTH_DIRECTIONS = frozenset({Direction.ES_TO_EN, Direction.EN_TO_ES})


def directions_of(translator: Translator) -> frozenset[Direction]:
    """Return the directions that ``translator`` says it knows; both where it says nothing."""
    directions: frozenset[Direction] = getattr(translator, "directions", BOTH_DIRECTIONS)
    return directions


def is_cloud(translator: Translator) -> bool:
    """Return whether ``translator`` says that it sends what is said out of the house."""
    return bool(getattr(translator, "is_cloud", False))


def corrects(translator: Translator) -> bool:
    """Return whether ``translator`` says that it tells what a learner said wrong."""
    return bool(getattr(translator, "corrects", False))


def why_of(translator: Translator) -> str | None:
    """Return what people should know of ``translator``; None: nothing."""
    why: str | None = getattr(translator, "why", None)
    return why


def needs_judging(translator: Translator) -> bool:
    """Return whether somebody has to look at what ``translator`` gives."""
    return not getattr(translator, "needs_no_judging", False)
