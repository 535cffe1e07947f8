"""In which language something is written: by the words that only one language has.

Names, and what is quoted or in brackets, may be in any language and do not count.
"""

import re
from collections.abc import Iterator, Sequence

from sessions_app.engines.stopwords import ENGLISH_WORDS, SPANISH_WORDS

FEWEST_WORDS = 2
"""So many words of another language tell that a text is written in it ..."""
LEAST_SHARE = 0.3
"""... if they are this share of all, and more than twice those of its own."""
SHARE_OF_ONE = 0.5
"""One word of a third language tells where it is half of all: "Hallo, Anna"."""
LONGEST_WITHIN = 3
"""So many small words may stand together within a name: "Casa de la Moneda"."""

_LOANS = frozenset({"okay", "hey", "bye", "café", "cafe"})
"""Words of one language that the other uses as they are."""
_KNOWN = {"es": SPANISH_WORDS - _LOANS, "en": ENGLISH_WORDS - _LOANS}
_OTHER = """
je vous nous il elle est êtes suis sont une des dans avec pas c'est ça mais où très oui bonjour
merci monde salut être avoir cette ces pourquoi aujourd'hui
ich wir sie nicht und der ist sind ein eine einen für auf mit auch aber hallo welt guten danke wie
geht es's habe haben wird zu dass über
você vocês não obrigado obrigada olá são também muito isso eu ele ela meu minha tenho em à ao bom
tudo bem
ciao buongiorno grazie è sono della nella questo questa perché molto anche tutti mondo gli
ik niet een het goedemorgen wereld maar ook wij jij gaat
"""
_ELSEWHERE = frozenset(_OTHER.split()) - SPANISH_WORDS - ENGLISH_WORDS
"""Common words of French, German, Portuguese, Italian and Dutch that we have not."""

_TAG = re.compile(r"<[^<>]*>")
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|«[^»]*»|\([^()]*\)|\[[^\][]*\]")
_ADDRESS = re.compile(r"\S*(?:[@/\\]|\w\.\w)\S*")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_SENTENCE_ENDS = re.compile(r"[.!?…:\n]")
_SMALL_WORDS = """
de del la las los el y e of the and da di du van von der
"""
_WITHIN_NAMES = frozenset(_SMALL_WORDS.split())
_APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"


def is_written_in_another(text: str, language: str, source: str = "") -> bool:
    """Return whether ``text`` is plainly not in ``language`` (``es`` or ``en``).

    Where too little tells, it is taken to be. ``source`` is what it was made of: words of a third
    language that stand there are quoted.
    """
    words = _telling_words(text)
    own = sum(word in _KNOWN[language] for word in words)
    others = sum(word in _KNOWN["en" if language == "es" else "es"] for word in words)
    is_the_other = others >= max(FEWEST_WORDS, 2 * own + 1) and others >= LEAST_SHARE * len(words)
    return is_the_other or _is_from_elsewhere(text, own, source)


def _is_from_elsewhere(text: str, own: int, source: str) -> bool:
    # these words are none of our names, so that capitals tell nothing
    words, said = _all_words(text), set(_all_words(source))
    found = sum(word in _ELSEWHERE and word not in said for word in words)
    share = LEAST_SHARE if found >= FEWEST_WORDS else SHARE_OF_ONE
    return found > 2 * own and found >= share * len(words)


def _all_words(text: str) -> list[str]:
    plain = _TAG.sub(" ", text.replace(_APOSTROPHE, "'"))
    return [word.casefold() for word in _WORD.findall(plain)]


def has_words_of(text: str, language: str) -> bool:
    """Return whether a word of ``text`` is one that ``language`` has and the other does not."""
    return any(word in _KNOWN[language] for word in _telling_words(text))


def _telling_words(text: str) -> list[str]:
    plain = _ADDRESS.sub(" ", _TAG.sub(" ", text.replace(_APOSTROPHE, "'")))
    outside = _QUOTED.sub(" ", plain)
    # what is quoted from end to end is what is said
    return list(_uncapitalised(outside if _WORD.search(outside) else plain))


def _uncapitalised(text: str) -> Iterator[str]:
    """Yield the words of ``text`` that are no names, in small letters."""
    words = list(_WORD.finditer(text))
    for number, word in enumerate(words):
        # "o", "u" and "AM" are as often signs as words
        is_sign = (
            word[0] not in "Iyi" if len(word[0]) == 1 else word[0].isupper() and len(word[0]) <= 3
        )
        if not is_sign and not _is_in_a_name(text, words, number):
            yield word[0].casefold()


def _is_in_a_name(text: str, words: Sequence[re.Match[str]], number: int) -> bool:
    word = words[number]
    if word[0] in _WITHIN_NAMES:
        return _joins_name(text, words, number, -1) and _joins_name(text, words, number, +1)
    if not _is_capital(word) or word[0].split("'")[0] == "I":
        return False
    gap = text[words[number - 1].end() : word.start()] if number else "\n"
    return not _SENTENCE_ENDS.search(gap) or _joins_name(text, words, number, +1)


def _joins_name(text: str, words: Sequence[re.Match[str]], number: int, step: int) -> bool:
    """Return whether a word with a capital follows, or with ``step`` -1 precedes, without a stop.

    Small words that stand within names may be between.
    """
    for here in range(number + step, number + (LONGEST_WITHIN + 1) * step, step):
        if not 0 <= here < len(words):
            return False
        left, right = min(here, here - step), max(here, here - step)
        if text[words[left].end() : words[right].start()].strip(" -"):
            return False
        if _is_capital(words[here]) or words[here][0] not in _WITHIN_NAMES:
            return _is_capital(words[here])
    return False


def _is_capital(word: re.Match[str]) -> bool:
    return word[0][0].isupper()
