"""Spanish forms that the rules get wrong: the person and tense of verbs, the place of pronouns."""

import re
from collections.abc import Sequence
from dataclasses import replace

from sessions_app.engines.translation.rules.units import Unit, split_reading, tags_of, with_tags


def finish_spanish(sentence: Sequence[Unit]) -> list[Unit]:
    """Give verbs the person and tense that are meant, and pronouns their place."""
    return _joined([_small(_flagged(unit)) for unit in _tails_behind_verbs(sentence)])


def _tails_behind_verbs(units: Sequence[Unit]) -> list[Unit]:
    """Return ``units`` with the tails that the rules left at a pronoun at its verb."""
    moved = list(units)
    for place, unit in enumerate(units[:-1]):
        lemma, tags, tail = split_reading(unit.target)
        if tail and "prn" in tags_of(unit.target) and moved[place + 1].has("vblex"):
            moved[place] = replace(unit, parts=(lemma + tags,))
            verb = moved[place + 1]
            moved[place + 1] = replace(verb, parts=(verb.target + tail,))
    return moved


def _flagged(unit: Unit) -> Unit:
    lemma, _, tail = split_reading(unit.target)
    found = re.fullmatch(r"(#.*?) zq((?:p[123](?:sg|pl))?)(pii)?", tail)
    if found is None:
        return unit
    names = tags_of(unit.target)
    if found[3]:
        names = ["pii" if tag == "ifi" else tag for tag in names]
    if found[2]:
        names = [tag for tag in names if tag not in ("p1", "p2", "p3", "sg", "pl", "ND", "PD")]
        names += [found[2][:2], found[2][2:]]
    return replace(unit, parts=(with_tags(lemma, *names) + found[1].removesuffix("#"),))


def _small(unit: Unit) -> Unit:
    """Return ``unit`` without a capital that the rules gave it; Spanish has them in names alone."""
    reading = unit.target
    is_other = reading.startswith("*") or "np" in tags_of(reading) or reading[:2].isupper()
    return unit if is_other else replace(unit, parts=(reading[:1].lower() + reading[1:],))


def _joined(units: Sequence[Unit]) -> list[Unit]:
    """Return ``units`` with pronouns joined to an imperative, or before a denied one."""
    joined: list[Unit] = []
    for unit in units:
        last = joined[-1] if joined else None
        is_pronoun = unit.has("prn", "pro")
        if is_pronoun and last is not None and last.has("imp") and "+" not in last.target:
            enclitic = unit.target.replace("<pro>", "<enc>")
            joined[-1] = replace(last, parts=(f"{last.target}+{enclitic.lower()}",))
        elif is_pronoun and last is not None and last.has("prs", "p2"):
            joined[-1] = replace(unit, blank=last.blank)
            joined.append(replace(last, blank=" "))
        else:
            joined.append(unit)
    return joined
