"""Search words as regular expressions that ignore case and accents; pure functions.

The comparison of a database does not ignore them: SQLite knows case only in ASCII, so that ``él``
would not find ``Él``, and nobody types every accent into a search field.
"""

import re
import unicodedata

MAX_CHARACTERS = 200
"""A longer query is cut: a search is a few words."""
MAX_WORDS = 8
"""Each word costs one more comparison with every row."""
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
    """Return a regular expression for each word of ``query``, valid in every database.

    Only for the first MAX_WORDS words: `has_more_words` says whether there are more.
    """
    return ["".join(map(_letter, word)) for word in _words(query)[:MAX_WORDS]]


def has_more_words(query: str) -> bool:
    """Return whether ``query`` has more words than are searched for."""
    return len(_words(query)) > MAX_WORDS or len(query) > MAX_CHARACTERS


def _words(query: str) -> list[str]:
    text = unicodedata.normalize("NFC", query[:MAX_CHARACTERS]).replace("\0", " ")
    return list(dict.fromkeys(text.split()))


def _letter(letter: str) -> str:
    plain = unicodedata.normalize("NFD", letter)[0].lower()
    alike = LOOKALIKES.get(plain, "")
    return alike if letter in alike else re.escape(letter)
