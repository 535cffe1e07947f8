"""Bare lower-case words made into an English sentence, which a translator needs."""

import re

_I = re.compile(r"\bi\b(?!')|\bi(?='(?:m|ve|ll|d)\b)")
_NAMES = re.compile(
    r"\b(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday"
    r"|january|february|april|june|july|august|september|october|november|december"
    r"|english|spanish|american|mexican|spain|mexico|america|christmas|easter)s?\b"
)
_AUXILIARY = (
    r"(?:is|are|am|was|were|do|does|did|have|has|had|can|could|will|would|shall|should|may|must)"
    r"(?:n't)?"
)
_SUBJECT = r"(?:i|you|he|she|it|we|they|there|this|that|these|those|the|my|your|our|anyone|anybody)"
_LEAD = re.compile(r"(?:(?:and|so|but|well|okay|excuse me|please) )+")
_QUESTION = re.compile(
    rf"(?:what|where|when|who|which|why|how)(?:'s\b| (?:\w+ ){{0,2}}{_AUXILIARY}\b)"
    rf"|(?:what|how) about\b|{_AUXILIARY} {_SUBJECT}\b"
)
_RELATIVE = re.compile(rf"(?:what|where|when|who|which|why|how) {_SUBJECT}\b")
"""It begins a clause, not a question: "what you can do for your country"."""


def sentence(words: str, *, whole: bool = True) -> str:
    """Return ``words`` with the capitals of a sentence and, if it is ``whole``, its end.

    It ends in a question mark where it begins like a question, otherwise in a full stop.
    """
    text = _NAMES.sub(lambda name: name[0].capitalize(), _I.sub("I", " ".join(words.split())))
    if not text:
        return ""
    end = ("?" if is_question(words) else ".") if whole else ""
    return text[0].upper() + text[1:] + end


def is_question(words: str) -> bool:
    """Return whether ``words`` begin like a question: "where is", "how much does", "can you"."""
    core = _LEAD.sub("", words, count=1)
    return bool(_QUESTION.match(core)) and not _RELATIVE.match(core)
