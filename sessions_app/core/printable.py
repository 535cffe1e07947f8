"""Text from outside, fit for a terminal and a log: nothing of it acts, and no secret is in it."""

import re
import unicodedata

UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Control, format (bidi, zero-width), surrogate, private and unassigned characters; separators of
lines: what a terminal obeys, or does not show."""
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Mn", "Me", "Zs", "Zl", "Zp"})
"""Categories of which alone nothing can be seen: controls, zero-width characters, spaces, marks."""
BLANK = re.compile(
    "[\u115f\u1160\u2065\u2800\u3164\uffa0\ufff0-\ufff8\U0001d159\U000e0000-\U000e0fff]"
)
"""What is drawn as nothing, of other categories: Hangul fillers, the empty Braille pattern, the
null notehead, and what Unicode sets apart for zero-width characters to come."""
SUSPECT = re.compile(r"[^ -~]")
HIDDEN = "***"
WATCH = re.compile(r"(/watch/)[^/\s?#\"'<>\\]+", re.IGNORECASE)
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
    r"""Return ``text`` with all that a terminal does not show as itself in Python's escapes.

    Line breaks too: ``\n`` as two characters.
    """
    return text if text.isascii() and text.isprintable() else SUSPECT.sub(_shown, text)


def printable_lines(text: str) -> str:
    """Return ``text`` likewise, its line breaks kept."""
    return "\n".join(printable(line) for line in text.split("\n"))


def is_seen(text: str) -> bool:
    """Return whether anything of ``text`` can be seen."""
    return any(unicodedata.category(one) not in UNSEEN for one in BLANK.sub("", text))


def without_secrets(text: str) -> str:
    """Return ``text`` without the secrets of tickets, keys, tokens and passwords."""
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
