"""Other marks of reasoning, rewritten as ``<think>``. Pure.

These are marks in other brackets (``[think]``, ``{{thinking}}``, ``<<think>>``, ``【思考】``),
escaped ones, HTML comments, and headings: ``### Thinking``, ``**Reasoning:**``,
``=== THINKING ===``. What the source contains too was said.
"""

import re

_FORMAT_NAMES = """
a b body br center code div em font h1 h2 h3 hr html i img li mark ol p pre q small span strong sub
sup table td tr u ul
"""
FORMATS = frozenset(_FORMAT_NAMES.split())
"""Tags of text formatting, which mark no reasoning."""
OPENS, CLOSES = "<think>", "</think>"

_THINK = (
    r"(?:think(?:ing|s)?|thoughts?(?: process)?|reason(?:ing)?|reflections?|analysis|scratchpad"
    r"|chain of thought|pensamientos?|razonamiento|reflexi[oó]n|思考|思维|推理)"
)
_MARK = re.compile(
    rf"(?:<{{1,2}}\s?|\[{{1,2}}|\{{{{1,2}}|【|&lt;)(?P<end>/?)\s?{_THINK}\s?"
    r"(?:>{1,2}|\]{1,2}|\}{1,2}|】|&gt;)",
    re.IGNORECASE,
)
_MARK_BEGINS = re.compile(
    r"(?:<{1,2}\s?|\[{1,2}|\{{1,2}|【|&(?:l(?:t(?:;|$)|$)|$))/?\s?\w{0,16}\s?(?:&\w{0,2})?[>\]}]?$"
    r"|<!-{0,2}$"
)
_COMMENT = re.compile(r"<!--.*?(?:-->|(?P<open>$))", re.DOTALL)
_HEADING = re.compile(
    rf"\s*[#*=_(~`-]{{0,4}}\s?{_THINK}\b[ \t]*(?::[*_]*|\*{{1,2}}:?|={{2,}}|-{{2,}}|\n)",
    re.IGNORECASE,
)
_FENCED = re.compile(r"\s*[`~]{3}")
_FENCE_ENDS = re.compile(r"\n[`~]{3}\s")
_ANSWER = re.compile(
    r"\n[ \t]{0,8}[#*=_(~-]{0,4}[ \t]?(?:(?:the|my|final|la) ){0,2}"
    r"(?:answer|response|translation|output|result|respuesta|traducci[oó]n|resultado)\b"
    r"[ \t]*(?::[*_]*|\*{1,2}:?|={2,}|-{2,}|\n)",
    re.IGNORECASE,
)
_PROCESS = re.compile(r"\s*here(?:'s| is) my thought process\b", re.IGNORECASE)
_RESPONSE = re.compile(r"\bhere(?:'s| is) my (?:response|answer|translation)\b", re.IGNORECASE)
_WORDS = (
    *("thinking", "thoughts", "reasoning", "reflections", "scratchpad"),
    *("pensamientos", "razonamiento", "reflexión"),
)
FEWEST_LETTERS = 3
"""How many letters of a heading hold a word back, unless symbols precede them."""


def unify_marks(content: str, source: str) -> str:
    """Return ``content`` with all marks of reasoning as ``<think>`` and ``</think>``."""
    if "<!--" in content and "<!--" not in source:
        content = _COMMENT.sub(lambda found: OPENS if found["open"] is not None else "", content)

    def as_tag(found: re.Match[str]) -> str:
        return found[0] if found[0][0] in source else CLOSES if found["end"] else OPENS

    content = _MARK.sub(as_tag, content)
    if _PROCESS.match(content) and not _RESPONSE.search(content):
        return OPENS + content
    heading = None if ":" in source else _HEADING.match(content)
    if heading is None:
        return content
    thought = content[heading.end() :]
    ends = _FENCE_ENDS if _FENCED.match(content) else _ANSWER
    if end := ends.search(thought):
        thought = f"{thought[: end.start()]}{CLOSES}{thought[end.end() :]}"
    return OPENS + thought


def certain_part(text: str, source: str) -> str:
    """Return the part of growing ``text`` that cannot become a mark any more."""
    if begun := _MARK_BEGINS.search(text, max(0, len(text) - 30)):
        return text if text[begun.start()] in source else text[: begun.start()]
    start = text.lstrip(" \n#*=_(~`-").casefold()
    is_bare = text[:1].isalpha()
    is_heading = any(word.startswith(start) for word in _WORDS)
    return "" if is_heading and (not is_bare or len(start) >= FEWEST_LETTERS) else text
