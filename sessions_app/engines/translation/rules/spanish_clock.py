"""Spanish times of day, said in English: "a las tres y media", "at half past three"."""

import re

from sessions_app.engines.translation.rules.draft import Draft

_HOURS = {
    "una": "one",
    "dos": "two",
    "tres": "three",
    "cuatro": "four",
    "cinco": "five",
    "seis": "six",
    "siete": "seven",
    "ocho": "eight",
    "nueve": "nine",
    "diez": "ten",
    "once": "eleven",
    "doce": "twelve",
}
_MINUTES = {
    "media": "half",
    "cuarto": "a quarter",
    "cinco": "five",
    "diez": "ten",
    "quince": "a quarter",
    "veinte": "twenty",
    "veinticinco": "twenty-five",
}
_LATE = {"treinta": "thirty", "cuarenta": "forty", "cincuenta": "fifty"}
_PARTS = {
    "mañana": "in the morning",
    "madrugada": "in the morning",
    "tarde": "in the afternoon",
    "noche": "at night",
    "mediodía": "at noon",
}
_HOUR = rf"(?P<hour>{'|'.join(_HOURS)}|2[0-3]|1\d|0?\d)"
_PART = rf"(?: (?:de la|por la|del) (?P<part>{'|'.join(_PARTS)}))?"
_SHARP = r"(?P<sharp> en punto)?"
_MORE = (
    rf"(?: y (?P<after>{'|'.join([*_MINUTES, *_LATE])})(?! \w+os\b)"
    r"| menos (?P<until>cuarto|cinco|diez|veinte|veinticinco)|[:.](?P<digits>[0-5]\d))"
)
_BEFORE = (
    r"(?P<before>a|hasta|desde|antes de|después de|sobre|hacia|a eso de|para|entre|alrededor de)"
)
_IS = r"(?P<is>ya son|ya es|son|es|eran|era|serán|será)(?P<nearly> casi| ya)?"
_GO_ON = (
    r"(?=\s*(?:[.,;!?)…]|$)"
    r"|\s+(?:hoy|mañana|y|o|pero|si|para|porque|en|con|cuando|el|por|del?)\b(?! \w+ y media))"
)
_PATTERNS = [
    re.compile(
        rf"\b(?:(?P<is>son|es|eran|era) )?(?P<until>cuarto|cinco|diez|veinte|veinticinco)"
        rf" para las? {_HOUR}{_PART}(?!\w)",
        re.IGNORECASE,
    ),
    re.compile(rf"\b{_BEFORE} las? {_HOUR}{_MORE}{_SHARP}{_PART}(?!\w)", re.IGNORECASE),
    re.compile(rf"\b{_IS} las? {_HOUR}{_MORE}{_SHARP}{_PART}(?!\w)", re.IGNORECASE),
    re.compile(rf"\b{_BEFORE} las? {_HOUR}(?:{_SHARP}{_PART}{_GO_ON}| en punto)", re.IGNORECASE),
    re.compile(rf"\b{_IS} las? {_HOUR}(?:{_SHARP}{_PART}{_GO_ON}| en punto)", re.IGNORECASE),
    re.compile(rf"\b(?:las?) {_HOUR}{_MORE}{_SHARP}{_PART}(?!\w)", re.IGNORECASE),
]
_PLACES = {
    "a": "at",
    "hasta": "until",
    "desde": "since",
    "antes de": "before",
    "después de": "after",
    "sobre": "around",
    "hacia": "around",
    "a eso de": "around",
    "alrededor de": "around",
    "para": "for",
    "entre": "between",
}


def tell_spanish_times(draft: Draft) -> None:
    """Replace the times of day in ``draft`` by inserts."""
    for pattern in _PATTERNS:
        draft.text = pattern.sub(lambda found: _insert(found, draft), draft.text)


def _insert(found: re.Match[str], draft: Draft) -> str:
    groups = found.groupdict("")
    before = _PLACES.get(groups.get("before", "").lower(), "")
    said = " ".join(filter(None, [_be(groups.get("is", "")), before, _time(groups)]))
    return draft.insert(said, "<adv>" if before or groups.get("is") else "<np><loc>")


def _be(said: str) -> str:
    word = said.lower().removeprefix("ya ")
    if not word:
        return ""
    if word.startswith("era"):
        return "it was"
    return "it will be" if word.startswith("ser") else "it's"


def _time(groups: dict[str, str]) -> str:
    hour = _HOURS.get(groups["hour"].lower(), groups["hour"])
    part = _PARTS.get(groups.get("part", "").lower(), "")
    after, until = groups.get("after", "").lower(), groups.get("until", "").lower()
    if groups.get("digits"):
        said = f"{hour}:{groups['digits']}"
    elif after in _LATE:
        said = f"{hour} {_LATE[after]}"
    elif after:
        said = f"{_MINUTES[after]} past {hour}"
    elif until:
        said = f"{_MINUTES[until]} to {hour}"
    else:
        said = hour if part else f"{hour} o'clock"
    return f"{said}{' sharp' if groups.get('sharp') else ''}{f' {part}' if part else ''}"
