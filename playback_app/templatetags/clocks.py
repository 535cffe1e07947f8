"""Lengths and places in a recording, as people read them."""

from django import template

from sessions_app.core.audio import to_seconds

register = template.Library()


@register.filter
def clock(seconds: float | str) -> str:
    """Return a length as ``m:ss``, or ``h:mm:ss`` from an hour on."""
    minutes, rest = divmod(int(float(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@register.filter
def seconds(samples: int) -> str:
    """Return samples at 16 kHz in seconds, with a point in every language, for programs."""
    return f"{to_seconds(samples):.3f}"


@register.filter
def plain(number: float) -> str:
    """Return a number with a point in every language, for programs."""
    return f"{number:g}"
