"""What the rules of a direction are asked between the sections of Apertium."""

from collections.abc import Sequence
from dataclasses import replace
from re import Pattern
from typing import Protocol

from sessions_app.engines.translation.rules.draft import Draft, find_insert
from sessions_app.engines.translation.rules.units import (
    Unit,
    lemma_of,
    split_reading,
    tags_of,
    word,
)


class Rules(Protocol):
    """What is changed of one direction."""

    def rewrite(self, draft: Draft) -> None:
        """Change the text, before anything is known of its words."""
        ...

    def tell_apart(self, sentence: Sequence[Unit]) -> list[Unit]:
        """Leave out readings that its words cannot have here."""
        ...

    def translate(self, sentence: Sequence[Unit]) -> list[Unit]:
        """Change words and their translations, before the sentence is transferred."""
        ...

    def finish(self, sentence: Sequence[Unit]) -> list[Unit]:
        """Change the words of the translation, before their forms are made."""
        ...


def read_inserts(units: Sequence[Unit], draft: Draft) -> list[Unit]:
    """Return ``units``, of which those that stand for an insert are read as it says."""
    read = []
    for unit in units:
        insert = find_insert(unit.surface, draft.inserts)
        if insert is not None:
            unit = replace(unit, parts=(unit.surface, unit.surface.lower() + insert.tags))
        read.append(unit)
    return read


def keep_inserts(units: Sequence[Unit], draft: Draft) -> list[Unit]:
    """Return ``units``, of which those that stand for an insert are translated by themselves."""
    return [
        replace(unit, parts=(unit.surface, unit.surface))
        if find_insert(lemma_of(unit.surface), draft.inserts) is not None
        else unit
        for unit in units
    ]


def put_inserts(units: Sequence[Unit], draft: Draft) -> list[Unit]:
    """Return ``units`` with the text of each insert as a word of its own.

    A word whose tail is an insert is followed by its text.
    """
    put: list[Unit] = []
    for unit in units:
        lemma, tags, tail = split_reading(unit.target)
        insert = find_insert(lemma, draft.inserts)
        behind = find_insert(tail.removeprefix("# "), draft.inserts)
        if insert is not None:
            put.append(replace(unit, parts=(verbatim(insert.text),)))
        elif behind is not None:
            put.append(replace(unit, parts=(lemma + tags,)))
            put.append(word(verbatim(behind.text)))
        else:
            put.append(unit)
    return put


def verbatim(text: str) -> str:
    """Return what comes out of the last section as ``text``."""
    return "*" + text


def lower_first_word(sentence: Sequence[Unit], always_capital: Pattern[str]) -> list[Unit]:
    """Return ``sentence`` without the capital that its first word has only for being the first.

    Otherwise the rules carry it along when they move the word.
    """
    lowered = list(sentence)
    for place, unit in enumerate(sentence):
        if is_word(unit):
            if not (unit.surface[1:2].isupper() or always_capital.match(unit.surface)):
                parts = tuple(_lowered(part) for part in unit.parts[1:])
                lowered[place] = replace(unit, parts=(unit.surface, *parts))
            break
    return lowered


def _lowered(reading: str) -> str:
    is_name = "np" in tags_of(reading) or reading.startswith("*")
    return reading if is_name else reading[:1].lower() + reading[1:]


def is_capital(sentence: Sequence[Unit]) -> bool:
    """Return whether the first word of ``sentence`` is written with a capital."""
    first = next((unit for unit in sentence if is_word(unit)), None)
    return first is not None and first.surface[:1].isupper()


def tidy(units: Sequence[Unit], *, capital: bool) -> list[Unit]:
    """Return the words of a sentence with one space between them, and with its capital.

    The rules leave the spaces of words that they drop.
    """
    tidied: list[Unit] = []
    for unit in units:
        if not unit.target:
            continue
        blank = " " if unit.blank and not unit.blank.strip() else unit.blank
        reading = unit.target
        if not blank and tidied and is_word(unit) and is_word(tidied[-1]) and reading[:1] != "'":
            blank = " "
        if capital and is_word(unit):
            reading, capital = _capital(reading), False
        tidied.append(replace(unit, blank=blank, parts=(reading,)))
    return tidied


def is_word(unit: Unit) -> bool:
    """Return whether this is a word or a number, no punctuation."""
    return any(letter.isalnum() for letter in split_reading(unit.target)[0])


def _capital(reading: str) -> str:
    star = "*" if reading.startswith("*") else ""
    rest = reading.removeprefix("*")
    return star + rest[:1].upper() + rest[1:]
