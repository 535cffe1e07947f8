"""A text on its way through the rules: with marks, and with words that are translated already."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_MARKS = re.compile("[\ue100-\ue3ff]")
"""The characters of marks: of a private area, so nobody says them."""
POLITE = "\ue100"
"""Here stood a word that asks politely."""
ORDER = "\ue101"
"""Here begins what somebody is asked to do: an imperative."""
BARE = "\ue102"
"""This verb is meant as an infinitive, whatever its form."""
NOW = "\ue103"
"""This verb is meant as a present, whatever its form."""
HABIT = "\ue104"
"""This verb tells what somebody used to do: an imperfect."""

_TOKEN = "xq"
"""How the words begin that stand for what is translated already; no language has such words."""
_STANDS = re.compile(rf"{_TOKEN}[a-z]+z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Insert:
    """Something translated already."""

    text: str
    tags: str = "<adv>"
    """As which part of speech the rules should treat it."""


@dataclass(slots=True)
class Draft:
    """A text that is being rewritten, and its inserts."""

    text: str
    inserts: dict[str, Insert] = field(default_factory=dict)

    def insert(self, text: str, tags: str = "<adv>") -> str:
        """Return the word that stands for ``text``, which is in the other language."""
        high, low = divmod(len(self.inserts), 26)
        token = f"{_TOKEN}{chr(97 + high % 26)}{chr(97 + low)}z"
        self.inserts[token] = Insert(text, tags)
        return token


def find_insert(lemma: str, inserts: Mapping[str, Insert]) -> Insert | None:
    """Return the insert that the word ``lemma`` stands for; None: it is a word like any other."""
    return inserts.get(lemma.lower()) if _STANDS.fullmatch(lemma) else None


def without_marks(text: str) -> str:
    """Return what somebody said, without characters that would be taken for marks."""
    return _MARKS.sub("", text)


def with_blanks(text: str) -> str:
    """Return ``text``, escaped for Apertium, with its marks as blanks that each stage copies."""
    return _MARKS.sub(lambda mark: f"[~{mark[0]}]", text)
