"""Text without halves of surrogate pairs, into which servers split emoji. Pure."""

FIRST_HALVES = ("\ud800", "\udbff")
"""The range of code points that begin a pair."""


def whole(text: str) -> str:
    """Return ``text`` with surrogate pairs joined and unpaired halves left out."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


def split_half(text: str) -> tuple[str, str]:
    """Return ``text`` without a first half at its end, and that half; the other half may follow."""
    first, last = FIRST_HALVES
    if text and first <= text[-1] <= last:
        return text[:-1], text[-1]
    return text, ""
