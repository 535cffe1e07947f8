"""Text of whole characters: servers cut emoji into halves of surrogate pairs. Pure."""

FIRST_HALVES = ("\ud800", "\udbff")
"""From the first to the last of what begins a pair."""


def whole(text: str) -> str:
    """Return ``text`` with its pairs joined, and without halves that have lost the other one."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


def split_half(text: str) -> tuple[str, str]:
    """Return ``text`` without a first half at its end, and that half; the other may follow."""
    first, last = FIRST_HALVES
    if text and first <= text[-1] <= last:
        return text[:-1], text[-1]
    return text, ""
