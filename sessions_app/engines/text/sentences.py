"""Text prepared for a translator: cleaned, and split into sentences."""

import re
import unicodedata

MAX_SENTENCE_CHARACTERS = 400
"""Longer sentences are split at a comma or space: about 100 tokens, which suit OPUS-MT."""

_ABBREVIATION = re.compile(
    r"(?:^|[\s(¿¡«\"'])(?:mrs?|ms|dr|st|prof|sra?|srta|dra|uds?|vs|pág|[ap]\.m|e\.g|i\.e|núm)\.$",
    re.IGNORECASE,
)
_INITIAL = re.compile(r"(?:^|\W)[A-ZÑ]\.$")
_CLOSERS = "\"'”\u2019»)\\]"
_OPENERS = "\"'“\u2018«(\\[¿¡—-"
_END = re.compile(rf"[.!?…]+[{_CLOSERS}]*\s+(?=[{_OPENERS}]*[^\W_])")
_PAUSE = re.compile(r"[,;:]\s+")


def sentence_key(word: str) -> str:
    """Return ``word`` without capitals and punctuation, for comparing how words sound."""
    return "".join(letter for letter in word.casefold() if letter.isalnum())


def clean(text: str) -> str:
    """Return ``text`` composed (NFC), without control characters, with single spaces between words.

    Half of a surrogate pair, which JSON can carry and UTF-8 cannot, becomes a question mark.
    """
    whole = text.encode("utf-8", "replace").decode("utf-8")
    printable = "".join(
        " " if unicodedata.category(character) == "Cc" else character
        for character in unicodedata.normalize("NFC", whole)
    )
    return " ".join(printable.split())


def split_sentences(text: str, max_characters: int = MAX_SENTENCE_CHARACTERS) -> list[str]:
    """Return the sentences of ``text``, cleaned, none longer than ``max_characters``.

    Joined by spaces they are the cleaned text again.
    """
    sentences: list[str] = []
    start = 0
    cleaned = clean(text)
    for end in _END.finditer(cleaned):
        if not _is_abbreviation(cleaned[start : end.end()].rstrip()):
            sentences.append(cleaned[start : end.end()].rstrip())
            start = end.end()
    sentences.append(cleaned[start:])
    return [piece for sentence in sentences for piece in _shorten(sentence, max_characters)]


def _is_abbreviation(sentence: str) -> bool:
    return bool(_ABBREVIATION.search(sentence) or _INITIAL.search(sentence))


def _shorten(sentence: str, max_characters: int) -> list[str]:
    pieces: list[str] = []
    while len(sentence) > max_characters:
        cut = _cut(sentence, max_characters)
        pieces.append(sentence[:cut].rstrip())
        sentence = sentence[cut:].lstrip()
    return [*pieces, sentence] if sentence else pieces


def _cut(sentence: str, max_characters: int) -> int:
    # at the last comma of the second half, else at the last space, else in the middle of a word
    window = sentence[: max_characters + 1]
    pauses = [pause.end() for pause in _PAUSE.finditer(window) if pause.end() > max_characters // 2]
    if pauses:
        return min(pauses[-1], max_characters)
    return window.rfind(" ") if " " in window.strip() else max_characters
