"""Which readings English words have: imperatives, infinitives, verbs that look like nouns."""

import re
from collections.abc import Sequence
from dataclasses import replace

from sessions_app.engines.translation.rules.draft import BARE, HABIT, NOW, ORDER, POLITE
from sessions_app.engines.translation.rules.sections import lower_first_word
from sessions_app.engines.translation.rules.units import Unit, tags_of, with_tags

_CAPITALS = re.compile(
    r"(?:I|[A-Z][a-z]+day|January|February|March|April|May|June|July|August|September|October"
    r"|November|December|[A-Z][a-z]+(?:ish|ese|ian|ean|can)|French|German|Greek|Dutch|Swiss)s?$"
)
_PRESS_NOUNS = frozenset(
    [
        "conference",
        "release",
        "office",
        "box",
        "coverage",
        "kit",
        "freedom",
        "agency",
        "secretary",
        "officer",
        "card",
        "pass",
        "room",
        "corps",
        "statement",
        "up-ups",
    ]
)
_NOUN_BEFORE = ("det", "adj", "pr", "num")
_COMMANDS = frozenset(
    [
        "press",
        "hold",
        "enter",
        "dial",
        "wait",
        "help",
        "call",
        "open",
        "close",
        "check",
        "come",
        "go",
        "look",
        "listen",
        "turn",
        "stop",
        "stay",
        "try",
        "speak",
        "talk",
        "sit",
        "take",
        "give",
        "put",
        "bring",
        "leave",
        "tell",
        "say",
        "write",
        "read",
        "use",
        "push",
        "pull",
        "click",
        "choose",
        "select",
        "record",
        "repeat",
        "send",
        "show",
        "keep",
        "start",
        "finish",
        "remember",
        "hang",
        "sign",
        "follow",
        "visit",
        "ask",
    ]
)


def tell_english_apart(sentence: Sequence[Unit]) -> list[Unit]:
    """Leave the readings that stand to reason."""
    units = _without_hyphens(lower_first_word(sentence, _CAPITALS))
    return _with_orders(_with_meant_forms(units))


def _without_hyphens(units: Sequence[Unit]) -> list[Unit]:
    """Return ``units`` with spaces for the hyphens inside words: ``five-minute``."""
    kept: list[Unit] = []
    for place, unit in enumerate(units):
        is_inside = 0 < place < len(units) - 1 and not unit.blank and not units[place + 1].blank
        if unit.surface == "-" and is_inside:
            continue
        was_hyphen = place > 0 and units[place - 1].surface == "-" and len(kept) < place
        kept.append(replace(unit, blank=" ") if was_hyphen and not unit.blank else unit)
    return kept


def _with_meant_forms(units: Sequence[Unit]) -> list[Unit]:
    meant: list[Unit] = []
    awaited = ""
    for unit in units:
        awaited += "".join(mark for mark in unit.marks if mark in (BARE, NOW, HABIT))
        is_it = NOW not in awaited or _ends_in_subject(meant) or "ger" in _all_tags(unit)
        if awaited and unit.may_be("vblex") and is_it:
            unit = _as_meant(unit, awaited)
            awaited = ""
        meant.append(unit)
    return meant


def _ends_in_subject(units: Sequence[Unit]) -> bool:
    """Return whether a subject stands directly before."""
    return bool(units) and units[-1].may_be("prn", "subj")


def _all_tags(unit: Unit) -> set[str]:
    return {tag for part in unit.parts[1:] for tag in tags_of(part)}


def _as_meant(unit: Unit, awaited: str) -> Unit:
    verb = next(part for part in unit.parts[1:] if "vblex" in tags_of(part))
    if BARE in awaited:
        form = with_tags(verb, "vblex", "inf")
    elif HABIT in awaited:
        form = with_tags(verb, "vblex", "past")
    else:
        form = with_tags(verb, "vblex", "pres")
    mark = HABIT if HABIT in awaited else ""
    return replace(unit, parts=(unit.surface, form), marks=unit.marks + mark)


def _with_orders(units: Sequence[Unit]) -> list[Unit]:
    """Return ``units`` with the imperatives marked."""
    told = list(units)
    is_order_before = False
    for place, unit in enumerate(told):
        if _begins_clause(told, place, is_order_before) and _is_order(told, place):
            told[place] = replace(_as_verb(unit), marks=unit.marks + ORDER)
            is_order_before = True
        elif _follows_auxiliary(told, place):
            told[place] = unit.only("vblex", "inf")
            told[place - 1] = told[place - 1].only("prn", "subj")
        elif _is_verb_of_subject(told, place):
            told[place] = unit.only("vblex", "pri", "p3", "sg")
        elif unit.surface.lower() == "press" and _is_pressing(told, place):
            told[place] = unit.without("n")
    return told


def _as_verb(unit: Unit) -> Unit:
    verb = unit.only("vblex", "inf")
    return verb if verb.may_be("vblex", "inf") else unit


def _begins_clause(units: Sequence[Unit], place: int, is_order_before: bool) -> bool:
    if POLITE in units[place].marks:
        return place == 0 or not _has_subject(units[:place])
    before = list(units[:place])
    while before and before[-1].surface.lower() in ("then", "now", "just", "so", "otherwise"):
        before.pop()
    if not before:
        return True
    last = before[-1].surface.lower()
    if last in (",", "-", ":", ";"):
        return True
    return last in ("and", "or", "but", "then") and (
        is_order_before or "press" in _word(units, place)
    )


def _has_subject(units: Sequence[Unit]) -> bool:
    return any(unit.may_be("prn", "subj") for unit in units[-2:])


def _is_denied(units: Sequence[Unit], place: int) -> bool:
    return _word(units, place + 1) == "not"


def _word(units: Sequence[Unit], place: int) -> str:
    return units[place].surface.lower() if place < len(units) else ""


def _is_order(units: Sequence[Unit], place: int) -> bool:
    unit = units[place]
    asks = unit.may_be("vaux") or unit.may_be("vbdo") or unit.may_be("vbser")
    is_auxiliary = asks and (_has_subject(units[place + 1 : place + 2]) or _is_denied(units, place))
    if not unit.may_be("vblex", "inf") or is_auxiliary:
        return False
    if unit.surface.lower() == "press":
        return _is_pressing(units, place)
    if POLITE in unit.marks:
        return True
    behind = units[place + 1] if place + 1 < len(units) else None
    if unit.lemma in _COMMANDS and place == 0:
        return behind is None or not (behind.may_be("vbser") or behind.may_be("vblex", "pri"))
    is_verb_only = not (unit.may_be("n") or unit.may_be("adj") or unit.may_be("adv"))
    if behind is None:
        return is_verb_only
    is_object = behind.may_be("det") or behind.may_be("prn", "obj") or behind.may_be("num")
    follows_order = place > 0 and unit.lemma in _COMMANDS
    return is_object or follows_order or (is_verb_only and place == 0)


def _is_pressing(units: Sequence[Unit], place: int) -> bool:
    before = units[place - 1] if place else None
    if before is not None and any(before.may_be(tag) for tag in _NOUN_BEFORE):
        return before.surface.lower() == "to"
    return _word(units, place + 1) not in _PRESS_NOUNS


def _follows_auxiliary(units: Sequence[Unit], place: int) -> bool:
    """Return whether this is the verb of a question: ``can you help``."""
    if place < 2 or not units[place].may_be("vblex", "inf"):
        return False
    asks = units[place - 2].may_be("vaux") or units[place - 2].may_be("vbdo")
    return asks and units[place - 1].may_be("prn", "subj")


def _is_verb_of_subject(units: Sequence[Unit], place: int) -> bool:
    """Return whether ``leaves`` is what the noun before it does: no other word can be the verb."""
    if place < 1 or not (units[place].may_be("n", "pl") and units[place].may_be("vblex", "p3")):
        return False
    is_subject = units[place - 1].may_be("n", "sg") or units[place - 1].may_be("np")
    others = [*units[: place - 1], *units[place + 1 :]]
    return is_subject and not any(_can_be_finite(other) for other in others)


def _can_be_finite(unit: Unit) -> bool:
    verbal = {"vblex", "vbser", "vbhaver", "vbdo", "vaux", "vbmod"}
    kinds = [set(tags_of(part)) for part in unit.parts[1:]]
    return bool(kinds) and all(kind & verbal and not kind & {"inf", "ger"} for kind in kinds)
