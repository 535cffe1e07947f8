"""The forms that a verb takes in running speech, without accents, by which idioms are found.

A regular verb is inflected by rule. The irregular stems and forms of other verbs are in
``inflections.json``, which ``make inflections`` makes from the dictionaries of two libraries.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

_BACK = "o a as an"
_FRONT = "e es en"
_WE = "amos ais"
_PAST = "o eron era eras eramos erais eran ese eses esemos eseis esen ere eres eremos ereis eren"
_FUTURE = "e as a emos eis an ia ias iamos iais ian"
_AR = (
    "amos ais aba abas abamos abais aban aste asteis aron ara aras aramos arais aran "
    "ase ases asemos aseis asen are ares aremos areis aren ando ado ada ados adas ad"
)
_BOTH = "i iste imos isteis ia ias iamos iais ian iendo"
_ER = "e es emos eis ed"
"""With those of vos: tenés, tené."""
_IR = "is id"

ENDINGS: Mapping[str, str] = {
    "past": _PAST + " endo",
    "strong": "e o iste imos isteis",
    "future": _FUTURE,
    "we": _WE,
    "back": _BACK,
    "front": _FRONT,
    "participle": "o a os as",
}
"""The endings that an irregular stem takes, by the kind of the stem.

One of the kind ``ar`` takes ``back`` and ``front`` as a regular verb of -ar does; one of the kind
``whole`` is a word.
"""

_BEFORE_FRONT = {"c": "qu", "g": "gu", "z": "c"}
"""How a stem of -ar is written before e: sacar, saque."""
_BEFORE_BACK = {"gu": "g", "qu": "c", "g": "j", "c": "z"}
"""How a stem of -er and -ir is written before o and a: coger, cojo."""
_VOWELS = tuple("aeiou")

_VOWELS_BEFORE_C = tuple(vowel + "c" for vowel in _VOWELS)
_VOWELS_BEFORE_Y = tuple(vowel + "y" for vowel in _VOWELS)
_SIBILANTS = ("s", "x", "z", "ch", "sh", "o")
_CLOSED_SYLLABLE = re.compile(r"(?:[^aeiou]*|[^aeiou]*qu)[aeiou][^aeiouwxy]")
"""Verbs that double their consonant: stop, stopped."""

TOLD_APART = {
    "de": "dé",
    "esta": "está",
    "estas": "estás",
    "este": "esté",
    "hacia": "hacía",
    "se": "sé",
}
"""Forms that keep their accent, since without it they are frequent words that are no verbs."""

_HOSTS = ("r", "ndo", "a", "e", "an", "en", "d", "i")
"""How forms end to which pronouns are attached: infinitive, gerund, imperative."""
_SHORT_HOSTS = frozenset({"di", "haz", "pon", "sal", "ten", "ven"})


@cache
def forms(verb: str, language: str) -> frozenset[str]:
    """Return the forms of an infinitive, and a few that do not exist.

    They have no accents, except for those in ``TOLD_APART``. ``language`` is ``es`` or ``en``. An
    unknown verb counts as regular.
    """
    if language == "en":
        return frozenset(_english(verb))
    return frozenset(TOLD_APART.get(form, form) for form in _spanish(verb))


@cache
def hosts(verb: str) -> frozenset[str]:
    """Return the forms of a Spanish infinitive as they are before pronouns: dá-me-lo, vámo-nos."""
    return frozenset(_hosts(verb))


def _hosts(verb: str) -> Iterator[str]:
    for form in _spanish(verb):
        if form.endswith("mos"):
            yield form[:-1]
        elif form.endswith(_HOSTS) or form in _SHORT_HOSTS or form == verb[:-2]:
            yield form


@cache
def _own_words(language: str) -> Mapping[str, str]:
    text = (
        files("sessions_app.pipeline.idioms")
        .joinpath("inflections.json")
        .read_text(encoding="utf-8")
    )
    words: Mapping[str, str] = json.loads(text)[language]
    return words


# --- Spanish


def _spanish(verb: str) -> Iterator[str]:
    own = [entry.partition(":") for entry in _own_words("es").get(verb, "").split()]
    kinds = {kind for kind, _, _ in own}
    if "only" not in kinds:
        for kind, regular_forms in regular(verb).items():
            yield from () if kind in kinds else regular_forms
    for kind, _, stem in own:
        yield from with_endings(stem, kind)


def with_endings(stem: str, kind: str) -> Iterator[str]:
    """Return the forms of a stem of the ``kind``."""
    if kind == "ar":
        yield from _joined(stem, _BACK)
        yield from _joined(_written(stem, _BEFORE_FRONT), _FRONT)
    elif kind == "whole":
        yield stem
    else:
        yield from _joined(stem, ENDINGS.get(kind, ""))


def regular(verb: str) -> Mapping[str, set[str]]:
    """Return the forms of a Spanish verb as if it were regular, without accents.

    They are returned by their kind: irregular stems of a kind replace the regular forms of it.
    """
    kinds = _regular_ar(verb[:-2]) if verb.endswith("ar") else _regular_er(verb)
    kinds["all"] |= {verb} | _joined(verb, _FUTURE)
    return kinds


def _regular_ar(stem: str) -> dict[str, set[str]]:
    front = _joined(_written(stem, _BEFORE_FRONT), _FRONT + " emos eis")
    return {"all": _joined(stem, f"{_BACK} {_AR}") | front}


def _regular_er(verb: str) -> dict[str, set[str]]:
    stem = verb[:-2]
    has_glide = stem.endswith(_VOWELS) and not stem.endswith(("gu", "qu"))
    past = stem + ("y" if has_glide else "i")  # leer, leyó
    front = stem + "y" if has_glide and stem.endswith("u") else stem  # huir, huye
    back = front if front != stem else _written(stem, _BEFORE_BACK)
    if stem.endswith(_VOWELS_BEFORE_C):  # conocer, conozco
        back = stem[:-1] + "zc"
    return {
        "back": _joined(back, _BACK),
        "we": _joined(back, _WE),
        "front": _joined(front, _FRONT),
        "past": _joined(past, _PAST),
        "participle": _joined(stem, "ido ida idos idas"),
        "all": _joined(stem, f"{_BOTH} {_IR if verb.endswith('ir') else _ER}") | {past + "endo"},
    }


def _joined(stem: str, ends: str) -> set[str]:
    return {stem + end for end in ends.split()}


def _written(stem: str, spellings: Mapping[str, str]) -> str:
    for end, spelling in spellings.items():
        if stem.endswith(end):
            return stem.removesuffix(end) + spelling
    return stem


# --- English


def _english(verb: str) -> Iterator[str]:
    yield verb
    yield from _own_words("en").get(verb, "").split() or regular_english(verb)


def regular_english(verb: str) -> tuple[str, str, str]:
    """Return the forms in -s, -ed and -ing of an English verb as if it were regular."""
    if verb.endswith("e"):
        bare = verb if verb.endswith(("ee", "oe", "ye")) else verb[:-1]
        return verb + "s", verb + "d", (verb[:-2] + "y" if verb.endswith("ie") else bare) + "ing"
    if verb.endswith("y") and not verb.endswith(_VOWELS_BEFORE_Y):
        return verb[:-1] + "ies", verb[:-1] + "ied", verb + "ing"
    stem = verb + verb[-1:] if _CLOSED_SYLLABLE.fullmatch(verb) else verb
    return verb + ("es" if verb.endswith(_SIBILANTS) else "s"), stem + "ed", stem + "ing"
