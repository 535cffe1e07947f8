"""What pages say of a phrase besides its meaning."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from sessions_app.core.corrections import Correction, phrase_of

register = template.Library()

REGIONS = {
    "ES": _("Spain"),
    "LA": _("Latin America"),
    "US": _("United States"),
    "UK": _("United Kingdom"),
}
KINDS = {"false_friend": _("false friend")}
"""What is told of a phrase besides its meaning; an idiom says it by itself."""
REGISTERS = {
    "neutral": _("neutral"),
    "informal": _("informal"),
    "vulgar": _("vulgar"),
    "humorous": _("humorous"),
}


@register.filter
def correction(phrase: Mapping[str, Any]) -> Correction | None:
    """Return a phrase that puts a mistake right; None: it is another."""
    told = phrase_of(phrase)
    return told if isinstance(told, Correction) else None


@register.filter
def about(phrase: Mapping[str, str]) -> str:
    """Return how it is word by word, where it is said and among whom; empty: nothing is known."""
    literal, manner = phrase.get("literal", ""), phrase.get("register", "")
    places = filter(None, (code.strip() for code in phrase.get("region", "").split(",")))
    parts = (
        str(KINDS.get(phrase.get("kind", ""), "")),
        gettext("literally “{}”").format(literal) if literal else "",
        ", ".join(str(REGIONS.get(code, code)) for code in places),
        str(REGISTERS.get(manner, manner)),
    )
    return " · ".join(filter(None, parts))
