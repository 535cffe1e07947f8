"""Words as any database keeps them. Pure."""

from dataclasses import asdict

from sessions_app.core.events import Phrase


def fit(text: str, longest: int | None = None) -> str:
    """Return ``text`` as any database keeps it in a field: engines say what they like.

    PostgreSQL refuses NUL and what is too long, and half a surrogate pair is no UTF-8.
    """
    return text.replace("\0", "").encode(errors="replace").decode()[:longest]


def fit_phrase(phrase: Phrase) -> dict[str, str | int | None]:
    """Return a phrase as JSON keeps it, its words fitted."""
    values = asdict(phrase).items()
    return {name: fit(value) if isinstance(value, str) else value for name, value in values}
