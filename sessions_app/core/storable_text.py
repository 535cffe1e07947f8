"""Text in a form that any database can store; pure functions."""

from dataclasses import asdict

from sessions_app.core.events import Phrase


def storable(text: str, longest: int | None = None) -> str:
    """Return ``text`` in a form that any database stores in a field: engines may return anything.

    PostgreSQL refuses NUL and text that is too long, and half a surrogate pair is not valid UTF-8.
    """
    return text.replace("\0", "").encode(errors="replace").decode()[:longest]


def storable_phrase(phrase: Phrase) -> dict[str, str | int | None]:
    """Return a phrase as a JSON object of storable texts."""
    values = asdict(phrase).items()
    return {name: storable(value) if isinstance(value, str) else value for name, value in values}
