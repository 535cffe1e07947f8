"""English times of day, said in Spanish: "at half past three", "a las tres y media"."""

import re
from collections.abc import Mapping
from typing import Any

from sessions_app.engines.translation.rules.draft import Draft

_HOURS = {
    "one": "una",
    "two": "dos",
    "three": "tres",
    "four": "cuatro",
    "five": "cinco",
    "six": "seis",
    "seven": "siete",
    "eight": "ocho",
    "nine": "nueve",
    "ten": "diez",
    "eleven": "once",
    "twelve": "doce",
}
_MINUTES = {
    "five": "cinco",
    "ten": "diez",
    "quarter": "cuarto",
    "fifteen": "cuarto",
    "twenty": "veinte",
    "twenty-five": "veinticinco",
    "thirty": "media",
    "forty": "cuarenta",
    "forty-five": "cuarenta y cinco",
    "fifty": "cincuenta",
    "fifty-five": "cincuenta y cinco",
    "half": "media",
}
_HOUR = rf"(?P<hour>{'|'.join(_HOURS)}|1[0-2]|0?[1-9])"
_DAYTIME = r"(?P<part>[ap]\.\s?m\.|[ap]m\b|in the (?:morning|afternoon|evening)|at night)"
_BEFORE = (
    r"(?P<before>(?:exactly |just )?(?:at (?:about |around )?|by |until |till |before |after "
    r"|since |from |around |about |between |to )?)"
)
_IS = (
    r"(?P<is>(?:it is|it's|it was|it will be|it'll be)"
    r"(?: (?:already|almost|nearly|about|now|only|just))? )?"
)
_SAID = (
    r"(?:a )?(?P<minutes>half|quarter|five|ten|twenty|twenty[- ]five|5|10|15|20|25)(?: minutes?)?"
    rf" (?P<way>past|after|to|till|before|of) {_HOUR}(?: o'?clock)?(?![\w:])"
)
_WRITTEN = r"(?P<digits>(?:[01]?\d|2[0-3])[:.][0-5]\d)(?![\d%])"
_READ = (
    rf"{_HOUR}[ -](?P<read>thirty|fifteen|forty[- ]five|twenty(?:[- ]five)?|forty"
    r"|fifty(?:[- ]five)?|ten)(?![\w-])"
)
_FULL = rf"{_HOUR}(?P<clock> o'? ?clock)(?: (?P<sharp>sharp|exactly|on the dot))?"
_BARE = rf"{_HOUR}(?![\w:.,/%-]*\w)"
_GO_ON = (
    r"(?=\s*(?:[.,;!?)…]|$)"
    r"|\s+(?:on|today|tomorrow|tonight|this|next|every|and|or|if|but|because|so|when|please)\b)"
)
_EXACT = r"(?P<before>at |by |until |till |before |after |since |around )"
_PATTERNS = [
    re.compile(rf"\b{_IS}{_BEFORE}{_SAID}(?: {_DAYTIME})?", re.IGNORECASE),
    re.compile(rf"\b{_IS}{_BEFORE}{_FULL}(?: {_DAYTIME})?", re.IGNORECASE),
    re.compile(rf"\b{_IS}{_BEFORE}(?:{_WRITTEN}|{_HOUR})\s?{_DAYTIME}", re.IGNORECASE),
    re.compile(rf"\b{_IS}{_BEFORE}{_WRITTEN}", re.IGNORECASE),
    re.compile(
        rf"\b{_IS}{_EXACT}{_READ}{_GO_ON}",
        re.IGNORECASE,
    ),
    re.compile(rf"\b(?P<is>it's |it is )(?P<before>){_READ}{_GO_ON}", re.IGNORECASE),
    re.compile(rf"\b(?P<is>)(?P<before>at (?:about |around )?){_BARE}{_GO_ON}", re.IGNORECASE),
    re.compile(rf"\b(?P<is>)(?P<before>at )half {_HOUR}(?P<half>){_GO_ON}", re.IGNORECASE),
]
_PLACES = {
    "at": "a",
    "by": "para",
    "until": "hasta",
    "till": "hasta",
    "before": "antes de",
    "after": "después de",
    "since": "desde",
    "from": "desde",
    "around": "sobre",
    "about": "sobre",
    "between": "entre",
    "to": "hasta",
}
_TENSES = {"was": ("Era", "Eran"), "will": ("Será", "Serán"), "'ll": ("Será", "Serán")}
_ADVERBS = {
    "already": "ya ",
    "now": "ahora ",
    "almost": "casi ",
    "nearly": "casi ",
    "about": "más o menos ",
    "only": "sólo ",
    "just": "",
}


def tell_times(draft: Draft) -> None:
    """Replace the times of day in ``draft`` by inserts."""
    for pattern in _PATTERNS:
        draft.text = pattern.sub(lambda found: _insert(found, draft), draft.text)


def _insert(found: re.Match[str], draft: Draft) -> str:
    time = _time(found)
    if time is None:
        return found[0]
    is_one = time.startswith("la ")
    if found["is"]:
        be = _be(found["is"], is_one=is_one)
        place = _place(found["before"])
        return draft.insert(f"{be} {place}{time}".replace("  ", " "), "<adv>")
    place = _place(found["before"])
    return draft.insert(f"{place}{time}", "<adv>" if place else "<np><loc>")


def _place(before: str) -> str:
    words = before.lower().split()
    if not words:
        return ""
    exactly = "exactamente " if words[0] == "exactly" else ""
    kept = [word for word in words if word in _PLACES]
    if not kept:
        return exactly
    if len(kept) > 1:
        return "sobre "  # at about three
    return f"{exactly}{_PLACES[kept[0]]} "


def _be(said: str, *, is_one: bool) -> str:
    words = said.lower()
    forms = next((forms for key, forms in _TENSES.items() if key in words), ("Es", "Son"))
    adverb = next((text for key, text in _ADVERBS.items() if f" {key} " in words), "")
    form = forms[0 if is_one else 1]
    return f"{adverb}{form.lower()}".strip() if adverb else form.lower()


def _time(found: re.Match[str]) -> str | None:
    """Return the time in Spanish, with its article: ``las tres y media de la tarde``."""
    groups: dict[str, Any] = {"digits": None, "part": None, **found.groupdict()}
    if groups["digits"]:
        return _digits(groups["digits"], groups["part"])
    hour = _number(groups["hour"])
    minutes = _minutes_after(groups)
    if minutes is None:
        return None
    sharp = " en punto" if groups.get("sharp") else ""
    said = _with_article(hour, groups["hour"]) + minutes + sharp
    return said + _part(groups["part"], hour)


def _minutes_after(groups: Mapping[str, str | None]) -> str | None:
    """Return what follows the hour; None: nobody would say so."""
    if groups.get("minutes"):
        minutes = _minutes(groups["minutes"] or "")
        if (groups["way"] or "").lower() in ("past", "after"):
            return f" y {minutes}"
        return None if minutes == "media" else f" menos {minutes}"
    if groups.get("read"):
        return f" y {_minutes(groups['read'] or '')}"
    return "" if groups.get("half") is None else " y media"


def _number(text: str) -> int:
    if text.isdigit():
        return int(text)
    return 1 + list(_HOURS).index(text.lower())


def _with_article(hour: int, said: str) -> str:
    name = said if said.isdigit() else list(_HOURS.values())[hour - 1]
    return f"la {name}" if hour == 1 else f"las {name}"


def _minutes(text: str) -> str:
    by_number = {"5": "five", "10": "ten", "15": "fifteen", "20": "twenty", "25": "twenty-five"}
    key = text.lower().replace(" ", "-")
    return _MINUTES[by_number.get(key, key)]


def _digits(text: str, part: str | None) -> str:
    hour = int(re.split("[:.]", text)[0])
    article = "la" if hour == 1 else "las"
    return f"{article} {text.replace('.', ':')}{_part(part, hour)}"


def _part(said: str | None, hour: int) -> str:
    if not said:
        return ""
    part = said.lower().replace(".", "").replace(" ", "")
    if part in ("am", "inthemorning"):
        return " de la mañana"
    if part == "atnight":
        return " de la noche"
    if hour == 12:
        return " del mediodía"
    is_late = part == "intheevening" or 8 <= hour <= 11
    return " de la noche" if is_late and hour >= 7 else " de la tarde"
