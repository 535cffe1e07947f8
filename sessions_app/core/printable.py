"""Makes text from outside safe to print in a terminal and a log: no control codes, no secrets."""

import re
import unicodedata

UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that a terminal interprets or does not show: control, format (bidi,
zero-width), surrogate, private and unassigned characters, and separators of lines."""
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Mn", "Me", "Zs", "Zl", "Zp"})
"""Categories that are invisible by themselves: controls, zero-width characters, spaces, marks."""
BLANK = re.compile(
    "[\u115f\u1160\u2065\u2800\u3164\uffa0\ufff0-\ufff8\U0001d159\U000e0000-\U000e0fff]"
)
"""Invisible characters of other categories: Hangul fillers, the empty Braille pattern, the null
notehead, and those that Unicode reserves for future zero-width characters."""
SUSPECT = re.compile(r"[^ -~]")
HIDDEN = "***"
WATCH = re.compile(r"(/(?:watch|first-account)/)[^/\s?#\"'<>\\]+", re.IGNORECASE)
QUERY = re.compile(
    r"([?&;][\w.%-]*(?:key|token|secret|passw|pwd|ticket|sig|auth|code|session)[\w.%-]*=)"
    r"[^&\s#\"'<>\\]+",
    re.IGNORECASE,
)
USER = re.compile(r"(\w://)[^/\s@\"']+@")
BEARER = re.compile(r"\b((?:bearer|basic) +)[^\s\"']+", re.IGNORECASE)
OPENAI = re.compile(r"\b(sk-)[\w-]{8,}")
VARIABLE = re.compile(r"\b([A-Z][A-Z0-9_]*(?:KEY|TOKEN|SECRET|PASSWORD)=)[^\s\"']+")
SECRETS = (WATCH, QUERY, BEARER, OPENAI, VARIABLE)


def printable(text: str) -> str:
    r"""Return ``text`` with all characters that a terminal does not show escaped, as in Python.

    Line breaks too, as the two characters ``\n``.
    """
    return text if text.isascii() and text.isprintable() else SUSPECT.sub(_shown, text)


def printable_lines(text: str) -> str:
    """Return ``text`` likewise, but with its line breaks."""
    return "\n".join(printable(line) for line in text.split("\n"))


def is_visible(text: str) -> bool:
    """Return whether ``text`` has a visible character."""
    return any(unicodedata.category(one) not in UNSEEN for one in BLANK.sub("", text))


def without_secrets(text: str) -> str:
    """Return ``text`` with tickets, keys, tokens and passwords replaced by HIDDEN."""
    if "/" not in text and "=" not in text and "-" not in text and " " not in text:
        return text
    for pattern in SECRETS:
        text = pattern.sub(rf"\g<1>{HIDDEN}", text)
    return USER.sub(rf"\g<1>{HIDDEN}@", text)


def _shown(match: re.Match[str]) -> str:
    character = match[0]
    if unicodedata.category(character) not in UNSHOWN:
        return character
    return character.encode("unicode_escape").decode("ascii")
