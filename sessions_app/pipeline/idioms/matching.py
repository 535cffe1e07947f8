"""Idioms: phrases that do not mean what their words say, found in all their forms."""

import json
import re
import time
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from sessions_app.core.errors import CommandError
from sessions_app.core.events import Phrase
from sessions_app.pipeline.idioms.inflections import TOLD_APART, forms, hosts

LONGEST_PHRASE = 120
MOST_WORDS = 14
"""The most words of a pattern: so its matching time is bounded by its shape."""
MATCH_SECONDS = 0.02
"""How much processor time a pattern may take for one of the hostile texts."""
HOSTILE_CHARACTERS = 2_000
GAP_WORDS = 2
"""How many words may stand between a verb and the rest: "metió otra vez la pata"."""

_BETWEEN = r"[^\w]+"
_GAP = rf"(?:{_BETWEEN}\w+){{0,{GAP_WORDS}}}?"
_CLITICS = "me|te|se|nos|os|los|las|les|lo|la|le"
_REFLEXIVE = "me|te|se|nos|os"
_ASKED_FOR = {"lo": "lo|la|los|las", "le": "le|les"}
"""By a verb's own pronoun, the pronouns that match it: pasarlo is found in "la pasamos"."""
_OWN = re.compile(rf"(\w*[aei]r)({_REFLEXIVE})?(los|las|les|lo|la|le)?")
"""A verb with its own pronouns: ponerse, pasarlo, arreglárselas."""
_POSSESSIVES = r"(?:my|your|his|her|its|our|their|ones|one's)"
_SLOTS = {
    "one's": _POSSESSIVES,
    "someone's": rf"(?:{_POSSESSIVES}|\w+'s)",
    "someone": r"\w+",
}
_WORD = re.compile(r"~?[\w']+")
_ACCENTED = re.compile(rf"(?<!\w)(?:{'|'.join(TOLD_APART.values())})(?!\w)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Idiom:
    """A phrase with its meaning. A verb marked by ``~`` is found in all its forms."""

    pattern: str
    """``~meter la pata``."""
    meaning: str
    """In the other language."""
    literal: str = ""
    region: str = ""
    """Where it is said: ``ES``, ``LA``, ``US``, ``UK``, separated by commas; empty: anywhere."""
    register: str = ""
    """``neutral``, ``informal``, ``vulgar``, ``humorous``."""
    language: str = "es"

    @property
    def phrase(self) -> str:
        """Return the phrase in its dictionary form."""
        return self.pattern.replace("~", "")


class Idioms:
    """A set of idioms of one language."""

    def __init__(self, idioms: Iterable[Idiom]) -> None:
        self._known = [(idiom, _key(idiom), _compile(idiom)) for idiom in idioms]

    def find(self, text: str) -> tuple[Phrase, ...]:
        """Return the idioms in ``text`` in their order, with their positions.

        Of several that overlap, the longest wins.
        """
        folded = fold(text)
        found = [
            (match, idiom)
            for idiom, key, pattern in self._known
            if key in folded and (match := pattern.search(folded)) is not None
        ]
        found.sort(key=lambda pair: pair[0].start() - pair[0].end())
        kept: list[tuple[re.Match[str], Idiom]] = []
        for match, idiom in found:
            if all(match.end() <= k.start() or match.start() >= k.end() for k, _ in kept):
                kept.append((match, idiom))
        kept.sort(key=lambda pair: pair[0].start())
        return tuple(_phrase(text, match, idiom) for match, idiom in kept)


def fold(text: str) -> str:
    """Return ``text`` in lower case without accents, each letter in the position it had.

    An accent stays where it alone distinguishes a verb from a word as frequent as "de" or "se".
    """
    letters = [_fold_letter(letter) for letter in text]
    for word in _ACCENTED.finditer(text):
        letters[word.start() : word.end()] = word.group().lower()
    return "".join(letters)


@cache
def _fold_letter(letter: str) -> str:
    bare = unicodedata.normalize("NFD", letter)[0].lower()
    return "'" if bare == "\u2019" else bare if len(bare) == 1 else letter


def check(idiom: Idiom, limit_seconds: float = MATCH_SECONDS) -> None:
    """Refuse an invalid pattern; a valid one is found in its own phrase, and quickly.

    Quickly: within ``limit_seconds`` of processor time in texts that nearly match again and again.

    Raises:
        CommandError: ``bad_idiom``; the message says what would be valid.
    """
    words = _words(idiom.pattern)
    if len(idiom.pattern) > LONGEST_PHRASE or not 2 <= len(words) <= MOST_WORDS:
        raise CommandError(
            f"A phrase has 2 to {MOST_WORDS} words, and {LONGEST_PHRASE} letters at most.",
            code="bad_idiom",
        )
    if sum(word.startswith("~") for word in words) > 1:
        raise CommandError("Only one word of a phrase is a verb with ~.", code="bad_idiom")
    idioms = Idioms([idiom])
    if not idioms.find(idiom.phrase):
        raise CommandError("This phrase would not be found in itself.", code="bad_idiom")
    if any(_seconds_for(idioms, text) > limit_seconds for text in _hostile_texts(idiom)):
        raise CommandError("Looking for this phrase would take too long.", code="bad_idiom")


def _seconds_for(idioms: Idioms, text: str) -> float:
    # of this thread alone, since other threads of a busy server use time too
    began = time.thread_time()
    idioms.find(text)
    return time.thread_time() - began


def _hostile_texts(idiom: Idiom) -> Iterator[str]:
    """Return texts in which a match begins everywhere and fails late."""
    head = f"{_key(idiom)} "  # a text without it is skipped
    first = idiom.phrase.split(" ", maxsplit=1)[0]
    for piece in (f"{idiom.phrase[:-1]} ", f"{first} ", f"{first} a a ", "a ", "a's ", "a", " "):
        yield (head + piece * HOSTILE_CHARACTERS)[:HOSTILE_CHARACTERS]


@cache
def builtin(language: str) -> Idioms:
    """Return the idioms that Habla ships, of ``es`` or ``en``."""
    return Idioms(idiom for idiom in load() if idiom.language == language)


@cache
def load() -> Sequence[Idiom]:
    """Return all idioms that Habla ships."""
    text = files("sessions_app.pipeline.idioms").joinpath("idioms.json").read_text(encoding="utf-8")
    return [Idiom(**entry) for entry in json.loads(text)]


# --- patterns


def _words(pattern: str) -> list[str]:
    return _WORD.findall(fold(pattern))


def _key(idiom: Idiom) -> str:
    """Return a word that every form of the idiom contains, to skip most texts quickly."""
    fixed = [w for w in _words(idiom.pattern) if not w.startswith("~") and w not in _SLOTS]
    return max(fixed, key=len, default="")


def _compile(idiom: Idiom) -> re.Pattern[str]:
    parts: list[str] = []
    for word in _words(idiom.pattern):
        if parts:
            parts.append(_BETWEEN)
        if word.startswith("~"):
            parts += [_verb(word[1:], idiom.language), _GAP]
        else:
            parts.append(_SLOTS.get(word, re.escape(word)))
    return re.compile(rf"(?<!\w){''.join(parts)}(?!\w)")


def _verb(word: str, language: str) -> str:
    if language == "en":
        return _any_of(forms(word, "en"))
    infinitive, asked = _split(word)
    verb, host = _any_of(forms(infinitive, "es")), _any_of(hosts(infinitive))
    if not asked:
        return rf"(?:{host}(?:{_CLITICS}){{1,2}}|{verb})"
    before = rf"{_BETWEEN.join(asked)}{_BETWEEN}(?:\w+{_BETWEEN}){{0,{GAP_WORDS}}}?{verb}"
    behind = rf"{host}(?:{_CLITICS})?{''.join(asked)}(?:{_CLITICS})?"
    return rf"(?:{before}|{behind})"


def _split(word: str) -> tuple[str, list[str]]:
    """Return a verb and, for each of its own pronouns, the pronouns that match it."""
    parts = _OWN.fullmatch(word)
    if parts is None:
        return word, []
    infinitive, reflexive, other = parts.groups()
    asked = [_REFLEXIVE] if reflexive else []
    if other:
        asked.append(_ASKED_FOR.get(other, other))
    return infinitive, [f"(?:{pronouns})" for pronouns in asked]


def _any_of(words: Iterable[str]) -> str:
    return f"(?:{'|'.join(sorted(words, key=len, reverse=True))})"


def _phrase(text: str, match: re.Match[str], idiom: Idiom) -> Phrase:
    return Phrase(
        text[match.start() : match.end()],
        idiom.meaning,
        kind="idiom",
        literal=idiom.literal,
        region=idiom.region,
        register=idiom.register,
        start=match.start(),
        end=match.end(),
    )
