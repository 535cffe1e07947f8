"""Words to look for, as patterns that forgive capitals and accents; pure.

A database's own comparison does not: SQLite knows the capitals of ASCII alone, so that ``él`` would
not find ``Él``, and nobody types every accent into a search field.
"""

import re
import unicodedata

MAX_CHARACTERS = 200
"""What is longer is cut: a search is a few words."""
LOOKALIKES = {
    letter: f"[{forms}{forms.upper()}]"
    for letter, forms in {
        "a": "aáàâäãå",
        "c": "cç",
        "e": "eéèêë",
        "i": "iíìîï",
        "n": "nñ",
        "o": "oóòôöõ",
        "u": "uúùûü",
        "y": "yýÿ",
    }.items()
}


def patterns(query: str) -> list[str]:
    """Return a regular expression for each word of ``query``, in the dialect of every database."""
    return [_pattern(word) for word in query[:MAX_CHARACTERS].replace("\0", " ").split()]


def _pattern(word: str) -> str:
    return "".join(_letter(letter) for letter in _without_accents(word))


def _without_accents(word: str) -> str:
    parts = unicodedata.normalize("NFD", word.lower())
    return "".join(part for part in parts if not unicodedata.combining(part))


def _letter(letter: str) -> str:
    return LOOKALIKES.get(letter) or re.escape(letter)
