"""English forms that the rules get wrong: the order of words in questions, "I like"."""

from collections.abc import Sequence
from dataclasses import replace

from sessions_app.engines.translation.rules.units import (
    Unit,
    split_reading,
    tags_of,
    with_tags,
    word,
)

_AUXILIARIES = frozenset({"vbser", "vaux", "vbmod", "vbhaver"})


def finish_english(sentence: Sequence[Unit]) -> list[Unit]:
    """Put the words of questions into their order: "you are hungry?", "are you hungry?"."""
    units = [_small(unit) for unit in sentence if unit.target]
    if not units or not units[-1].target.startswith("?"):
        return units
    for place, unit in enumerate(units[:-1]):
        begins = place == 0 or not any(one.target[0].isalnum() for one in units[:place])
        if (begins or _asks(units[place - 1])) and _is_subject(unit):
            return _asked(units, place)
    return units


def _is_subject(unit: Unit) -> bool:
    return unit.has("prn", "subj") or unit.has("adv", "ex") or unit.target.startswith("there<")


def _asks(unit: Unit) -> bool:
    return unit.lemma in ("why", "when", "where", "how", "*what time")


def _small(unit: Unit) -> Unit:
    """Return ``unit`` without a capital that it has only for having been the first word."""
    kinds = {"prn", "det", "vblex", "vbser", "vbdo", "vaux", "vbhaver", "pr", "adv"}
    if not kinds & set(tags_of(unit.target)) or unit.target.startswith("*"):
        return unit
    return replace(unit, parts=(unit.target[:1].lower() + unit.target[1:],))


def _asked(units: list[Unit], place: int) -> list[Unit]:
    subject, verb = units[place], units[place + 1]
    tags = tags_of(verb.target)
    is_auxiliary = bool(_AUXILIARIES & set(tags)) or verb.lemma == "be"
    helps = is_auxiliary or "vbdo" in tags
    blank = subject.blank
    if helps:
        lemma, names, tail = split_reading(verb.target)
        names = names.replace("<vblex>", "<vbser>") if lemma == "be" else names
        first = replace(verb, blank=blank, parts=(lemma + names,))
        rest = [word(f"*{tail.removeprefix('# ')}")] if tail else []
        return [*units[:place], first, replace(subject, blank=" "), *rest, *units[place + 2 :]]
    if "vblex" not in tags or not {"pres", "past", "pri"} & set(tags):
        return units
    tense = ["past"] if "past" in tags else ["pri", "p3", "sg"] if "p3" in tags else ["pres"]
    does = word(with_tags("do", "vbdo", *tense), blank=blank)
    bare = replace(verb, parts=(with_tags(verb.target, "vblex", "inf"),), blank=" ")
    return [*units[:place], does, replace(subject, blank=" "), bare, *units[place + 2 :]]
