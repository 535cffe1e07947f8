"""How Spanish verbs are translated whose subject is another one in English: "me gusta"."""

from collections.abc import Sequence
from dataclasses import replace

from sessions_app.engines.translation.rules.units import (
    Unit,
    split_reading,
    tags_of,
    with_tags,
    word,
)

_LIKING = {"gustar": "like", "encantar": "love", "faltar": "lack"}
"""Verbs whose subject is what somebody likes, with the English verb of which it is the object."""
_BETTER = {"salir": "leave", "esperar": "wait"}


def translate_spanish(sentence: Sequence[Unit]) -> list[Unit]:
    """Translate verbs whose subject is another one in English, and the going future."""
    return _going(_liking([_better(unit) for unit in sentence]))


def _better(unit: Unit) -> Unit:
    other = _BETTER.get(unit.lemma) if unit.has("vblex") else None
    if other is None:
        return unit
    return replace(unit, parts=(unit.surface, other + split_reading(unit.target)[1]))


def _liking(units: Sequence[Unit]) -> list[Unit]:
    """Return ``units`` with who likes something as the subject: ``me gusta``, "I like"."""
    said: list[Unit] = []
    for unit in units:
        verb = _LIKING.get(unit.lemma, "") if unit.has("vblex") else ""
        last = said[-1] if said else None
        is_felt = last is not None and last.has("prn", "pro") and not last.has("ref")
        if verb and is_felt and last is not None and unit.has("p3"):
            person = next(tag for tag in tags_of(last.surface) if tag in ("p1", "p2", "p3"))
            number = "pl" if "pl" in tags_of(last.surface) else "sg"
            tags = [tag for tag in tags_of(unit.surface) if tag not in ("p3", "sg", "pl")]
            said.pop()
            form = with_tags("comer", *tags, person, number)
            unit = Unit((form, with_tags(verb, *tags, person, number)), last.blank)
        said.append(unit)
    return said


def _going(units: Sequence[Unit]) -> list[Unit]:
    """Return ``units`` with "be going to" for ``ir a`` before an infinitive."""
    said: list[Unit] = []
    skipped = False
    for place, unit in enumerate(units):
        rest = units[place + 1 : place + 3]
        is_going = (
            unit.lemma == "ir"
            and bool({"pri", "pii"} & set(tags_of(unit.surface)))
            and len(rest) > 1
            and rest[0].lemma == "a"
            and rest[1].has("vblex", "inf")
        )
        if is_going:
            tags = tags_of(unit.surface)[1:]
            parts = with_tags("estar", "vblex", *tags), with_tags("be", "vbser", *tags)
            said.append(replace(unit, parts=parts))
            said.append(word("ir<vblex><ger>", "go<vblex><ger>"))
            skipped = True
            continue
        if skipped and unit.lemma == "a":
            skipped = False
            continue
        said.append(unit)
    return said
