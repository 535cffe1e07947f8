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
    words = unicodedata.normalize("NFC", query[:MAX_CHARACTERS]).replace("\0", " ").split()
    return ["".join(map(_letter, word)) for word in words]


def _letter(letter: str) -> str:
    plain = unicodedata.normalize("NFD", letter)[0].lower()
    alike = LOOKALIKES.get(plain, "")
    return alike if letter in alike else re.escape(letter)
