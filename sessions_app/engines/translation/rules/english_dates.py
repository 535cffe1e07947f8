"""English dates, said in Spanish: "on May 3rd, 2024", "el 3 de mayo de 2024"."""

import re

from sessions_app.engines.translation.rules.draft import Draft

_MONTHS = dict(
    zip(
        [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ],
        [
            "enero",
            "febrero",
            "marzo",
            "abril",
            "mayo",
            "junio",
            "julio",
            "agosto",
            "septiembre",
            "octubre",
            "noviembre",
            "diciembre",
        ],
        strict=True,
    )
)
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})"
_DAY = r"(?P<day>[0-2]?\d|3[01])(?:st|nd|rd|th)?(?![\d:%])"
_YEAR = r"(?:,? (?P<year>(?:1[89]|20)\d\d)(?!\d))?"
_PATTERNS = [
    re.compile(rf"\b(?P<on>on )?(?:the )?{_MONTH} (?:the )?{_DAY}{_YEAR}", re.IGNORECASE),
    re.compile(rf"\b(?P<on>on )?(?:the )?{_DAY} (?:of )?{_MONTH}\b{_YEAR}", re.IGNORECASE),
]


def tell_dates(draft: Draft) -> None:
    """Replace the dates in ``draft`` by inserts."""
    for pattern in _PATTERNS:
        draft.text = pattern.sub(lambda found: _insert(found, draft), draft.text)


def _insert(found: re.Match[str], draft: Draft) -> str:
    year = f" de {found['year']}" if found["year"] else ""
    said = f"el {int(found['day'])} de {_MONTHS[found['month'].lower()]}{year}"
    return draft.insert(said, "<adv>" if found["on"] else "<np><loc>")
