"""Words to look for, as patterns that forgive capitals and accents; pure.

A database's own comparison does not: SQLite knows the capitals of ASCII alone, so that ``él`` would
not find ``Él``, and nobody types every accent into a search field.
"""

import re
import unicodedata

MAX_CHARACTERS = 200
"""What is longer is cut: a search is a few words."""
MAX_WORDS = 8
"""Each word more is one more look at every row."""
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
    """Return a regular expression for each word of ``query``, in the dialect of every database.

    Of the first MAX_WORDS words: of more, `has_more_words` tells.
    """
    return ["".join(map(_letter, word)) for word in _words(query)[:MAX_WORDS]]


def has_more_words(query: str) -> bool:
    """Return whether not all words of ``query`` are looked for."""
    return len(_words(query)) > MAX_WORDS or len(query) > MAX_CHARACTERS


def _words(query: str) -> list[str]:
    text = unicodedata.normalize("NFC", query[:MAX_CHARACTERS]).replace("\0", " ")
    return list(dict.fromkeys(text.split()))


def _letter(letter: str) -> str:
    plain = unicodedata.normalize("NFD", letter)[0].lower()
    alike = LOOKALIKES.get(plain, "")
    return alike if letter in alike else re.escape(letter)
