"""Makes ``inflections.json``, the words of irregular verbs, from dictionaries.

Spanish comes from simplemma's list of words and the verbs that they belong to, English from
lemminflect's list of verbs and their forms. A list of words gives each word to one verb or noun
("cuento" to the tale, not to contar): so a verb's stems are taken from the words that are given to
it, and the stems take all their endings. What is missing after that is written here by hand.
"""

import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import lemminflect
from simplemma.strategies.dictionaries import DefaultDictionaryFactory

from sessions_app.pipeline.idioms.inflections import ENDINGS, regular, regular_english, with_endings
from sessions_app.pipeline.idioms.matching import fold

FILE = Path(__file__).parent.parent / "sessions_app" / "pipeline" / "idioms" / "inflections.json"

PROOF: Mapping[str, tuple[str, int]] = {
    "past": ("eron", 5),
    "strong": ("iste", 3),
    "future": ("emos", 5),
    "ar": ("", 2),
    "we": ("", 2),
    "back": ("an", 2),
    "front": ("", 2),
}
"""What shows that a verb has a stem of a kind: an ending that must be among its words, and with how
many endings the stem must be found. In the order in which they are looked for."""
UNSPELT = "o a as an amos ais e es en emos eis"
"""Endings before which a stem may be written otherwise."""
LEAST_FORMS = 20
"""With fewer a verb is not one, or only a misspelling of another."""
LEAST_BASE = 5
"""Letters of a verb that others are made of: tener, obtener."""

ONLY = {
    "ser": "soy eres sos es somos sois son era eras eramos erais eran fui fuiste fue fuimos "
    "fuisteis fueron sere seras sera seremos sereis seran seria serias seriamos seriais serian sea "
    "seas seamos seais sean fuera fueras fueramos fuerais fueran fuese fueses fuesemos fueseis "
    "fuesen fuere fueres fueremos fuereis fueren se sed siendo sido ser",
    "ir": "voy vas va vamos vais van iba ibas ibamos ibais iban fui fuiste fue fuimos "
    "fuisteis fueron ire iras ira iremos ireis iran iria irias iriamos iriais irian vaya vayas "
    "vayamos vayais vayan fuera fueras fueramos fuerais fueran fuese fueses fuesemos "
    "fueseis fuesen fuere fueres fueremos fuereis fueren ve id yendo ido ir",
    "dar": "doy das da damos demo dais dan daba dabas dabamos dabais daban di diste dio dimos "
    "disteis dieron dare daras dara daremos dareis daran daria darias dariamos dariais darian de "
    "des demos deis den diera dieras dieramos dierais dieran diese dieses diesemos dieseis diesen "
    "diere dieres dieremos diereis dieren dad dando dado dada dados dadas dar",
    "ver": "veo ves ve vemos veis ven veia veias veiamos veiais veian vi viste vio vimos visteis "
    "vieron vere veras vera veremos vereis veran veria verias veriamos veriais verian vea veas "
    "veamos veais vean viera vieras vieramos vierais vieran viese vieses viesemos vieseis "
    "viesen viere vieres vieremos viereis vieren ved viendo visto vista vistos vistas ver",
}
"""Verbs so short that their stem with an ending is another word."""
BY_HAND = {
    "bendecir": "participle:bendit participle:bendecid",
    "cernir": "back:ciern front:ciern",
    "decir": "whole:di whole:diciendo",
    "desosar": "ar:deshues",
    "elegir": "back:elij front:elig past:eligi we:elij",
    "estar": "whole:estoy",
    "haber": "whole:he whole:has whole:ha whole:hay whole:hemos whole:han",
    "hacer": "whole:haz whole:hizo",
    "saber": "whole:se",
    "hendir": "back:hiend front:hiend",
    "maldecir": "participle:maldit participle:maldecid",
    "poner": "whole:pon",
    "roer": "back:ro we:ro",
    "romper": "participle:rot",
    "salir": "whole:sal",
    "satisfacer": "whole:satisfizo whole:satisfaz",
    "soler": "back:suel",
    "tener": "whole:ten",
    "venir": "whole:ven",
    "yacer": "back:yazc we:yazc",
}
"""Words that are given to nouns or to other verbs; those made of one of these have them too."""
PARTICIPLES = {
    "abrir": "abiert",
    "cubrir": "cubiert",
    "decir": "dich",
    "entrever": "entrevist",
    "freir": "frit freid",
    "hacer": "hech",
    "imprimir": "impres imprimid",
    "morir": "muert",
    "prever": "previst",
    "poner": "puest",
    "proveer": "provist proveid",
    "satisfacer": "satisfech",
    "scribir": "scrit script",
    "solver": "suelt",
    "volver": "vuelt",
}
"""Of verbs that end so: descubrir, descubierto."""


def made() -> dict[str, dict[str, str]]:
    """Return what irregular verbs have of their own, by language and verb."""
    return {"es": _spanish(), "en": _english()}


# --- Spanish


def _spanish() -> dict[str, str]:
    words = _words_by_verb()
    own = {verb: _stems(verb, found) for verb, found in words.items()}
    own = {verb: entries for verb, entries in own.items() if entries}
    for base in [verb for verb in own if len(verb) >= LEAST_BASE]:
        _share(own, base)
    for verb, entry in BY_HAND.items():
        own.setdefault(verb, set()).update(entry.split())
        for relative, prefix in _relatives(own, verb):
            own[relative] |= set(_prefixed(entry.split(), prefix))
    for end, stems in PARTICIPLES.items():
        for verb in (verb for verb in words if verb.endswith(end)):
            prefix = verb.removesuffix(end)
            own.setdefault(verb, set()).update(f"participle:{prefix}{s}" for s in stems.split())
    lines = {verb: " ".join(sorted(entries)) for verb, entries in own.items()}
    only = {verb: " ".join(["only", *_whole(forms)]) for verb, forms in ONLY.items()}
    return dict(sorted((lines | only).items()))


def _whole(forms: str) -> Iterator[str]:
    return (f"whole:{form}" for form in forms.split())


def _words_by_verb() -> dict[str, set[str]]:
    words: dict[str, set[str]] = defaultdict(set)
    for word, lemma in DefaultDictionaryFactory().get_dictionary("es").items():
        verb = fold(lemma)
        if verb.endswith(("ar", "er", "ir")) and verb.isalpha():
            words[verb].add(fold(word))
    return {verb: found for verb, found in words.items() if len(found) >= LEAST_FORMS}


def _stems(verb: str, words: set[str]) -> set[str]:
    """Return the stems that the ``words`` show, with their kinds: ``ar:cuent``."""
    kinds = ["past", "strong", "future"]
    kinds += ["ar"] if verb.endswith("ar") else ["we", "back", "front"]
    left = words.difference(_misspelt(verb, words), *regular(verb).values())
    own: set[str] = set()
    for kind in kinds:
        regular_stems = _regular_past(verb, words) if kind == "past" else {verb[:-2]}
        own |= {f"{kind}:{stem}" for stem in _stems_of(kind, left) if stem not in regular_stems}
        left -= {form for entry in own for form in _expanded(entry)}
    return own


def _misspelt(verb: str, words: set[str]) -> set[str]:
    """Return what lists have by mistake: the verb as a noun, "sace" of sacar, "leieron" of leer."""
    wrong = {verb + "es", verb + "s"} | {verb[:-2] + end for end in UNSPELT.split()}
    if not verb.endswith("ar"):
        for stem in _regular_past(verb, words):
            wrong.update(with_endings(stem, "past"))
    return wrong


def _regular_past(verb: str, words: set[str]) -> set[str]:
    """Return what is no stem of the past that a verb has of its own: "lei" of leer.

    Of gruñir "gruñ" is one (gruñó), but of punir "pun" is not, though a verb puñir has it.
    """
    stem = verb[:-2]
    is_own = verb.endswith(("nir", "ner", "llir", "ller")) and stem + "ieron" not in words
    return {stem + "i"} if is_own else {stem, stem + "i"}


def _stems_of(kind: str, words: Iterable[str]) -> Iterator[str]:
    must, count = PROOF[kind]
    found: dict[str, set[str]] = defaultdict(set)
    for word in words:
        for stem, end in _splits(word, kind):
            found[stem].add(end)
    for stem, ends in found.items():
        is_shown = len(ends) >= count and (not must or must in ends)
        if is_shown and len(stem) >= 2 and (kind != "future" or stem.endswith("r")):
            yield stem


def _splits(word: str, kind: str) -> Iterator[tuple[str, str]]:
    if kind == "ar":
        yield from _splits(word, "back")
        for stem, end in _splits(word, "front"):
            yield _before_a(stem), end
        return
    for end in ENDINGS[kind].split():
        if word.endswith(end):
            yield word.removesuffix(end), end


def _before_a(stem: str) -> str:
    """Return a stem of -ar as it is written before a: juegu, jueg."""
    if stem.endswith("qu"):
        return stem[:-2] + "c"
    return stem[:-1] + "z" if stem.endswith("c") else stem.removesuffix("u")


def _expanded(entry: str) -> set[str]:
    kind, _, stem = entry.partition(":")
    return set(with_endings(stem, kind))


def _share(own: dict[str, set[str]], base: str) -> None:
    """Give an irregular verb the stems of those made of it, and those its own.

    salg, which is given to a verb salgar, stands in sobresalir.
    """
    for relative, prefix in _relatives(own, base):
        if prefix:
            own[base] |= {
                entry.replace(f":{prefix}", ":", 1)
                for entry in own[relative]
                if f":{prefix}" in entry
            }
    for relative, prefix in _relatives(own, base):
        own[relative] |= set(_prefixed(own[base], prefix))


def _relatives(own: Mapping[str, set[str]], base: str) -> list[tuple[str, str]]:
    """Return the verbs that are made of ``base``, and itself, with their prefixes.

    One that has no stem in common with it only ends alike: manifestar is not made of estar.
    """
    alike = [(verb, verb.removesuffix(base)) for verb in own if verb.endswith(base)]
    return [(v, prefix) for v, prefix in alike if own[v] & set(_prefixed(own[base], prefix))]


def _prefixed(entries: Iterable[str], prefix: str) -> Iterator[str]:
    return (entry.replace(":", f":{prefix}", 1) for entry in entries)


# --- English


def _english() -> dict[str, str]:
    own = {"be": "am is are was were been being"}
    with gzip.open(lemminflect.config.inflection_lu_fn, "rt", encoding="utf-8") as file:
        for verb, part, *cells in csv.reader(file):
            forms = {form for cell in cells for form in cell.split("/") if form}
            is_known = part == "verb" and verb.isalpha() and verb.islower()
            if is_known and forms and forms != set(regular_english(verb)):
                own.setdefault(verb, " ".join(sorted(forms)))
    return dict(sorted(own.items()))


if __name__ == "__main__":
    FILE.write_text(json.dumps(made(), indent=0) + "\n", encoding="utf-8")
