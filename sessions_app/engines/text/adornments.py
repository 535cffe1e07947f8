"""What models add around a translation: labels, quotation marks, fences, asterisks, notes. Pure.

Anything that the source contains too is part of what was said, and is kept.
"""

import html
import re

MOST_LAYERS = 5
"""How many nested additions are removed."""

_LANGUAGE = r"(?:english|spanish|espa[nñ]ol|ingl[eé]s)"
_LABEL = re.compile(
    rf"""
      [*_"'\#\s-]{{0,4}}
      (?: (?:(?:sure|certainly|of\ course|okay|claro|por\ supuesto)\b[!.,]?\s*)?
          (?:here(?:['\u2019]s|\ is)|this\ is|the|aqu[ií]\ (?:est[aá]|tienes)|esta\ es|la)\b
          [^\n:]{{0,40}}\b(?:translat(?:ion|ed)|traducci[oó]n)\b[^\n:]{{0,30}}
        | (?:(?:in|en)\ )?(?:(?:final|direct|{_LANGUAGE})\ )?
          (?:translat(?:ion|ed)(?:[_ ](?:text|sentence))?|traducci[oó]n|traducid[oa]|{_LANGUAGE}
            |output|answer|response|result|assistant|respuesta|resultado|salida|e[ns])
          (?:\ (?:in|into|to|al|en)\ {_LANGUAGE})?(?:\s?\({_LANGUAGE}\))?
      )
      (?:\*\*|["'_])?\s*[:=](?:\*\*|__)?\s*
    """,
    re.IGNORECASE | re.VERBOSE,
)
_LABELLED = re.compile(r"\W*[\w' ]{1,40}[:=]")
_FIELDS = re.compile(
    r"\W*corrected\W*:.*\n[-*\s\"']*translat(?:ed|ion)[*\"']*\s*:\s*(?P<words>[^\n]+)",
    re.IGNORECASE,
)
"""An answer that was meant to be JSON, written as lines."""
_FENCE = re.compile(r"(`{3,}|~{3,})(?:[\w-]*[ \t]*\n)?(.*?)\s*(?:\1)?\s*$", re.DOTALL)
_FENCE_BEGINS = re.compile(r"[`~]{1,3}\w*")
_FENCE_CLOSES = re.compile(r"\s*[`~]{1,3}$")
_BULLET = re.compile(r"[-*•>]\s+(?=\S)")
_NOTE = re.compile(
    r"\n\s*[(\[*_]*(?:translator'?s? )?(?:notes?|nota|explanation|explicaci[oó]n|literal(?:ly)?)\b"
    r"[^\n:]{0,20}:.*$|\s\((?:translator'?s? )?(?:note|nota)\s*:[^()]*\)\s*$",
    re.IGNORECASE | re.DOTALL,
)
_NOTES_SAID = re.compile(r"\b(?:not[ae]s?|ojo|explica\w*|explan\w*|literal\w*)\b", re.IGNORECASE)
_TEX = re.compile(r"\$*\\(?:boxed|text)\{(?P<words>.*)\}\$*$", re.DOTALL)
_ENTITY = re.compile(r"&(?:#\d+|#x[0-9a-f]+|[a-z]+\d?);", re.IGNORECASE)
_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_FORMAT = re.compile(
    r"</?(?:b|body|center|code|div|em|font|h[1-6]|html|i|li|mark|ol|p|pre|q|small|span|strong|su[bp]"
    r"|u|ul)(?:\s+\w+\s*=[^<>]*)?>",
    re.IGNORECASE,
)
_STARS = re.compile(r"(\*\*|__)(?=\S)([^*_\n]+)(?<=\S)\1")
_WRAPPERS = {
    '"': '"',
    "“": "”",
    "«": "»",
    "'": "'",
    "\N{LEFT SINGLE QUOTATION MARK}": "\N{RIGHT SINGLE QUOTATION MARK}",
    "*": "*",
    "_": "_",
    "`": "`",
}
_APOSTROPHE = re.compile(r"(?<=\w)['\u2019](?=\w)")
_LABELS = ("translat", "traducci", "english", "spanish", "español", "output", "assistant")
"""How labels begin ..."""
_SHORT_LABELS = ("answer", "response", "result", "in english", "in spanish", "en inglés")
"""... and some beginnings that are ordinary words as well."""
LONGEST_LABEL = 40
_LABEL_ENDS = re.compile(r"[:=]\W*\w")


def unadorned(text: str, source: str) -> str:
    """Return ``text``, a translation of ``source``, without anything added around it."""
    bare = text.strip()
    if "&" not in source:
        bare = _ENTITY.sub(lambda entity: html.unescape(entity[0]), bare)
    if "<" not in source:
        bare = _FORMAT.sub("", _LINE_BREAK.sub(" ", bare)).strip()
    for _ in range(MOST_LAYERS):
        before, bare = bare, _without_one(bare, source).strip()
        if bare == before:
            break
    return bare if "*" in source or "__" in source else _STARS.sub(r"\2", bare).strip()


def may_be_adornment(text: str) -> bool:
    """Return whether ``text``, still growing, may be only what precedes the translation."""
    start = text.lstrip("`~*_\"'#- \n").casefold()
    if not start or _FENCE_BEGINS.fullmatch(text.strip()):
        return True
    if len(start) > LONGEST_LABEL or _LABEL_ENDS.search(start):
        return False
    is_short = any(label.startswith(start.rstrip()) for label in (*_LABELS, *_SHORT_LABELS))
    return is_short or start.startswith(_LABELS)


def without_opening(text: str, source: str) -> str:
    """Return ``text``, still growing, without an opening mark, or a closing one that has begun."""
    said, closing = source.lstrip()[:1], _WRAPPERS.get(text[:1])
    is_open = closing is not None and said not in _WRAPPERS and closing not in text[1:]
    bare = text[1:].lstrip() if is_open else text
    return bare if "`" in source else _FENCE_CLOSES.sub("", bare)


def _without_one(text: str, source: str) -> str:
    """Return ``text`` without the outermost addition."""
    said = source.lstrip()
    if "```" not in said and (fence := _FENCE.match(text)):
        return fence[2]
    if fields := _FIELDS.match(text):
        return fields["words"]
    if not _LABELLED.match(said) and (label := _LABEL.match(text)):
        return text[label.end() :]
    if not _NOTES_SAID.search(said) and (note := _NOTE.search(text)) and note.start():
        return text[: note.start()]
    if "\\" not in said and (tex := _TEX.match(text)):
        return tex["words"]
    bullet = _BULLET.match(text)
    if bullet and "\n" not in text and not said.startswith(tuple("-*•>\N{EM DASH}\N{EN DASH}")):
        return text[bullet.end() :]
    return text[1:-1] if _is_wrapped(text, said) else text


def _is_wrapped(text: str, said: str) -> bool:
    if len(text) < 3 or _WRAPPERS.get(text[0]) != text[-1] or said[:1] in _WRAPPERS:
        return False
    inner = _APOSTROPHE.sub("", text[1:-1])
    return text[0] not in inner and text[-1] not in inner
