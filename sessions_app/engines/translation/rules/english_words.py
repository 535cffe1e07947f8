"""How English words are translated that depend on others: imperatives, persons, "miss", "be"."""

from collections.abc import Sequence
from dataclasses import replace

from sessions_app.engines.translation.rules.draft import HABIT, ORDER, POLITE
from sessions_app.engines.translation.rules.units import (
    Unit,
    lemma_of,
    split_reading,
    tags_of,
    with_tags,
    word,
)

_LOST_BY_MISSING = frozenset(
    [
        "bus",
        "train",
        "flight",
        "plane",
        "boat",
        "ferry",
        "tram",
        "class",
        "lesson",
        "meeting",
        "film",
        "movie",
        "chance",
        "opportunity",
        "deadline",
        "match",
        "game",
        "call",
        "show",
        "step",
        "point",
        "appointment",
        "stop",
        "exit",
        "turn",
        "party",
        "start",
        "beginning",
        "connection",
    ]
)
_EVERYDAY = {
    "work": "trabajar",
    "wait": "esperar",
    "press": "pulsar",
    "station<n>": "estación",
    "room<n>": "habitación",
    "question<n>": "pregunta",
}
"""Translations that are right more often than Apertium's; nouns are feminine."""
_ALONE = {"leave": "salir", "meet": "quedar", "hold": "esperar"}
"""The same of verbs without an object."""
_PLACES = frozenset(["here", "there", "home"])
_STATES = frozenset(
    [
        "ill",
        "sick",
        "tired",
        "busy",
        "closed",
        "open",
        "ready",
        "happy",
        "sad",
        "angry",
        "late",
        "full",
        "empty",
        "broken",
        "married",
        "dead",
        "worried",
        "sure",
        "lost",
        "drunk",
        "alone",
        "wrong",
        "free",
        "scared",
        "nervous",
        "hungry",
    ]
)


def translate_english(sentence: Sequence[Unit]) -> list[Unit]:
    """Translate imperatives, politeness, and words that depend on others."""
    units = _missing(_chosen(_at_home(_ordered(sentence))))
    return _with_politeness(_with_persons(units))


def _ordered(units: Sequence[Unit]) -> list[Unit]:
    """Return ``units`` with imperatives as they are said to a friend: ``pulsa``, ``no toques``."""
    ordered: list[Unit] = []
    is_denied = False
    denied_marks = blank = ""
    for place, unit in enumerate(units):
        begins = place == 0 or units[place - 1].surface.startswith(",") or POLITE in unit.marks
        if (
            unit.has("vbdo")
            and begins
            and place + 2 < len(units)
            and units[place + 1].lemma == "not"
        ):
            is_denied = units[place + 2].has("vblex", "inf")
            if is_denied:
                denied_marks, blank = unit.marks, unit.blank
                continue
        if ORDER in unit.marks or (is_denied and unit.has("vblex", "inf")):
            unit = _order(unit, is_denied=is_denied)
            is_denied = False
        elif is_denied and unit.lemma == "not":
            unit = replace(unit, marks=unit.marks + denied_marks, blank=blank)
        ordered.append(unit)
    return ordered


def _order(unit: Unit, *, is_denied: bool) -> Unit:
    tense = "prs" if is_denied else "imp"
    target = with_tags(unit.target, "vblex", tense, "p2", "sg")
    return replace(unit, parts=(with_tags(unit.surface, "vblex", "imp"), target))


def _with_persons(units: Sequence[Unit]) -> list[Unit]:
    """Return ``units`` with each verb told the person of the pronoun that is its subject."""
    told = list(units)
    for place, unit in enumerate(units):
        before = units[place - 1] if place else None
        is_of_noun = before is not None and (before.has("n") or before.has("np"))
        if is_of_noun and before is not None and unit.has("vblex") and _is_finite(unit):
            number = "pl" if before.has("pl") else "sg"
            if place + 1 < len(units) and units[place + 1].has("prn", "obj"):
                told[place] = _with_flag(unit, f"p3{number}")
        if "prn" in tags_of(unit.surface) and "subj" in tags_of(unit.surface):
            for other in _verbs_of_subject(units, place):
                if 0 <= other < len(units) and _is_finite(units[other]):
                    told[other] = _with_flag(told[other], _person(unit))
                    break
    told = [_with_flag(unit, "pii") if HABIT in unit.marks else unit for unit in told]
    return [
        unit
        for place, unit in enumerate(told)
        if not (unit.has("prn", "subj") and _is_asked_by_auxiliary(told, place))
    ]


def _verbs_of_subject(units: Sequence[Unit], place: int) -> tuple[int, ...]:
    behind = units[place + 1] if place + 1 < len(units) else None
    if behind is not None and (behind.has("adv") or behind.has("vbdo")):
        return place + 1, place + 2, place - 1
    return place + 1, place - 1


def _is_asked_by_auxiliary(units: Sequence[Unit], place: int) -> bool:
    """Return whether this is the subject in ``can you help``, which stands in the rules' way."""
    if not 0 < place < len(units) - 1:
        return False
    asks = units[place - 1].has("vaux") and "zq" in units[place - 1].target
    return asks and (units[place + 1].has("vblex", "inf") or POLITE in units[place + 1].marks)


def _person(unit: Unit) -> str:
    tags = tags_of(unit.surface)
    number = "sg" if "p2" in tags or "pl" not in tags else "pl"
    return next(tag for tag in tags if tag in ("p1", "p2", "p3")) + number


def _is_finite(unit: Unit) -> bool:
    tags = tags_of(unit.surface)
    is_verb = "vblex" in tags or "vaux" in tags
    return (
        is_verb and bool({"pres", "past", "pri"} & set(tags)) and lemma_of(unit.target) != "gustar"
    )


def _with_flag(unit: Unit, flag: str) -> Unit:
    lemma, tags, tail = split_reading(unit.target)
    if not lemma:
        return unit
    joined = f"{tail}{flag}" if "zq" in tail else f"{tail or '#'} zq{flag}"
    return replace(unit, parts=(unit.surface, lemma + tags + joined))


def _with_politeness(units: Sequence[Unit]) -> list[Unit]:
    polite: list[Unit] = []
    for place, unit in enumerate(units):
        if POLITE in unit.marks:
            is_last = "sent" in tags_of(unit.surface)
            if is_last and polite:
                polite.append(word(",<cm>", ",<cm>", blank=""))
            polite.append(word("please<adv>", "por favor<adv>", blank=" " if place else unit.blank))
            if not place and not is_last:
                polite.append(word(",<cm>", ",<cm>", blank=""))
                unit = replace(unit, blank=" ")
            elif not is_last and not unit.blank:
                unit = replace(unit, blank=" ")
        polite.append(unit)
    return polite


def _chosen(units: Sequence[Unit]) -> list[Unit]:
    """Return ``units`` with the translation that a word has in what is said from day to day."""
    chosen: list[Unit] = []
    lemmas = {unit.lemma for unit in units}
    for place, unit in enumerate(units):
        behind = units[place + 1] if place + 1 < len(units) else None
        has_object = behind is not None and behind.has("prn")
        has_object = has_object or (behind is not None and (behind.has("det") or behind.has("n")))
        lemma = "xq" if unit.has("vblex") and not has_object else ""
        key = unit.lemma if (unit.has("vblex") or unit.has("n")) else ""
        other = _ALONE.get(key, "") if lemma else ""
        other = other or _EVERYDAY.get(key if unit.has("vblex") else f"{key}<n>", "")
        if key == "key" and unit.has("n"):
            other = "tecla" if lemmas & {"press", "dial", "star", "keyboard"} else "llave"
        if other and unit.target:
            tags = split_reading(unit.target)[1]
            if unit.has("n"):
                tags = tags.replace("<m>", "<f>")
            unit = replace(unit, parts=(unit.surface, other + tags))
        if unit.lemma == "for" and place and units[place - 1].lemma == "wait":
            continue
        chosen.append(unit)
    return chosen


def _missing(units: Sequence[Unit]) -> list[Unit]:
    """Return ``units`` with ``miss`` as what one feels for people, or as what one loses."""
    said: list[Unit] = []
    for place, unit in enumerate(units):
        rest = units[place + 1 : place + 5]
        if unit.lemma == "miss" and unit.has("vblex"):
            is_lost = any(one.lemma in _LOST_BY_MISSING for one in rest)
            tags = split_reading(unit.target)[1]
            verb = f"perder{tags}" if is_lost else f"echar{tags}# de menos"
            unit = replace(unit, parts=(unit.surface, verb))
        said.append(unit)
    return said


def _at_home(units: Sequence[Unit]) -> list[Unit]:
    """Return ``units`` with ``estar`` for places and passing states."""
    said = list(units)
    for place, unit in enumerate(units):
        behind = [one for one in units[place + 1 : place + 3] if one.lemma not in ("not", "very")]
        if unit.has("vbser") and behind and behind[0].lemma in _PLACES | _STATES:
            tags = split_reading(unit.target)[1].replace("<vbser>", "<vblex>")
            said[place] = replace(unit, parts=(unit.surface, "estar" + tags))
        if unit.surface.startswith("your<det>"):
            tags = split_reading(unit.target)[1]
            said[place] = replace(unit, parts=(unit.surface, f"tuyo{tags}".replace("<GD>", "<mf>")))
    return said
