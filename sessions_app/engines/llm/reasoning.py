"""Telling a language model's reasoning from its answer. Pure.

The marks of reasoning are recognised by their shape, since each family of models has its own:
``<think>`` and ``</think>``, ``<|begin_of_thought|>`` and ``<|end_of_thought|>``, ``[THINK]`` and
``[/THINK]``, ``◁think▷`` and ``◁/think▷``, ``<|channel>`` and ``<channel|>``, or the channels of
https://cookbook.openai.com/articles/openai-harmony. What is between a pair of them is reasoning,
unless the mark says that it is the answer.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import islice

from sessions_app.engines.llm.reasoning_marks import FORMATS, certain_part, unify_marks

LONGEST_MARK = 60
"""A mark that has not closed after this many characters is none."""
MOST_MARKS = 1_000
"""A text with more marks is no answer."""

_MARK = re.compile(
    rf"""
      <(?P<tag>/?[a-z][\w:.-]{{0,40}})(?:\s+[\w:.-]+=[^<>]{{1,{LONGEST_MARK}}})?\s*/?>
    | <[|\uff5c](?P<special>[^<>|\uff5c\n]{{1,{LONGEST_MARK}}})[|\uff5c]?>
    | <(?P<closing>[a-z]\w{{0,40}})[|\uff5c]>
    | \[(?-i:(?P<square>/?[A-Z][A-Z_]{{2,40}}))\]
    | [◁⟨〈\uff1c⟪](?P<odd>/?[^\W\d][\w:. -]{{0,40}})[▷⟩〉\uff1e⟫]
    """,
    re.IGNORECASE | re.VERBOSE,
)
_MARK_BEGINS = re.compile(
    rf"<(?:[|\uff5c][^<>\n]{{0,{LONGEST_MARK}}}|/?(?:[a-z][\w:.|\uff5c-]{{0,40}}"
    rf"(?:\s+(?:[\w:.-]+(?:=[^<>]{{0,{LONGEST_MARK}}})?)?)?)?)$"
    r"|\[/?(?-i:[A-Z_]{0,40})$|[◁⟨〈\uff1c⟪]/?[\w:. -]{0,40}$",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[^\W\d_]+|\d+")
_INK = re.compile(r"\S")
_BEGIN = frozenset({"begin", "start", "open", "prefix"})
_END = frozenset({"end", "stop", "close", "suffix"})
_TURN = frozenset(
    {"im", "s", "text", "turn", "eos", "eot", "eom", "bos", "endoftext", "inst", "message"}
)
"""Names of marks around a whole turn, not a part of it."""
_THOUGHT = re.compile(r"think|thought|reason|reflect|analys|scratch|cot\b|ponder|inner|deliberat")
"""Names of marks that need no closing mark to count as reasoning."""
_ANSWER = re.compile(
    r"answer|respon|solution|final|output|result|reply|toolcall|functioncall|json|translat|tradu|english|spanish|español|inglés"
)
_NUMBERED = re.compile(r"([a-z]+)(\d{1,4})")
_ROLE = re.compile(r"\s*(?:assistant|model|answer|final|think|user|system)\s*\n")
_HEADER = re.compile(
    r"(?:<\|start\|>[^<]*)?(?:<\|channel\|>(?P<channel>[^<]*))?(?:<\|constrain\|>[^<]*)?<\|message\|>"
)
_CHANNELS = ("<|message|>", "<|channel|>", "<|start|>")
_BARE_HEADER = re.compile(
    r"\s*(?:(?:analysis|commentary)(?=[A-Z¿¡\"{])|(?i:here(?:'s| is) my thought))"
)
_NAMES = ("analysis", "commentary")
_SENTENCES = ("here is my thought", "here's my thought")
_BARE_HEADERS = re.compile(
    _BARE_HEADER.pattern
    + r".*?(?:assistant\s*final|(?i:here(?:'s| is) my (?:response|answer|translation))\s*:?)",
    re.DOTALL,
)
"""What is left of them if a server strips the marks; and what Granite says instead."""


class _Kind(Enum):
    BEGINS = auto()
    ENDS = auto()
    TURN = auto()
    """The end of all that is to be read."""
    NEXT_TURN = auto()
    """What came before belongs to another turn."""


@dataclass(frozen=True, slots=True)
class _Mark:
    kind: _Kind
    name: str
    """The name that it shares with the mark that closes it."""
    is_token: bool
    """Whether it is never part of the text."""
    start: int
    end: int

    @property
    def is_thought(self) -> bool:
        return _THOUGHT.search(self.name) is not None

    @property
    def is_answer(self) -> bool:
        return _ANSWER.search(self.name) is not None and not self.is_thought


def answer_of(content: str, source: str = "") -> str:
    """Return the answer in ``content``, which is complete: without reasoning, finished or not.

    Marks that occur in ``source`` are quoted, and kept.
    """
    return _answer(unify_marks(content, source), source, is_whole=True)


def answer_so_far(content: str, source: str = "", *, hides_thoughts: bool = False) -> str:
    """Return the part of growing ``content`` that is certainly the answer; empty: none yet.

    ``hides_thoughts``: the model is known to begin with reasoning that has no opening mark.
    """
    content = unify_marks(content, source)
    if hides_thoughts:
        marks = _marks(content, source)
        ended = next((mark for mark in marks if mark.kind is _Kind.ENDS and mark.is_thought), None)
        if ended is None:
            return ""
        content = content[ended.end :]
    return certain_part(_answer(content, source, is_whole=False), source)


def begins_in_thought(content: str, source: str = "") -> bool:
    """Return whether ``content`` begins with reasoning that has only a closing mark."""
    marks = _marks(unify_marks(content, source), source)
    first = next((mark for mark in marks if mark.kind in (_Kind.BEGINS, _Kind.ENDS)), None)
    return first is not None and first.kind is _Kind.ENDS and first.is_thought


def _answer(content: str, source: str, *, is_whole: bool) -> str:
    if bare := _BARE_HEADERS.match(content):
        return content[bare.end() :]
    if not is_whole and _may_have_bare_headers(content):
        return ""
    if any(mark in content for mark in _CHANNELS):
        answer = _last_message(content)
    else:
        marks = _marks(content, source)
        if len(marks) >= MOST_MARKS:
            return ""
        answer = _Reader(content, marks, is_whole=is_whole).read()
    begun = (
        None if is_whole else _MARK_BEGINS.search(answer, max(0, len(answer) - 2 * LONGEST_MARK))
    )
    return answer[: begun.start()] if begun else answer


def _may_have_bare_headers(content: str) -> bool:
    beginning = content.lstrip()[:LONGEST_MARK]
    if _BARE_HEADER.match(beginning):
        return True
    # two letters of it are not enough to hold back a word or two
    sentence = beginning.casefold() if len(beginning) > 2 else "?"
    return (beginning != "" and any(name.startswith(beginning) for name in _NAMES)) or any(
        words.startswith(sentence) for words in _SENTENCES
    )


def _last_message(content: str) -> str:
    """Return the last message that is no reasoning, of content in channels."""
    answer = ""
    for header in _HEADER.finditer(content):
        channel = header["channel"]
        if channel is None or _ANSWER.match(channel.strip()):
            answer = content[header.end() :].partition("<|")[0]
    return answer


class _Reader:
    """Walks through the marks of a content and keeps what is outside of reasoning."""

    def __init__(self, content: str, marks: Sequence[_Mark], *, is_whole: bool) -> None:
        self._content = content
        self._marks = marks
        self._pairs = _pairs(marks)
        self._length = len(content.rstrip())
        self._is_whole = is_whole
        self._kept: list[str] = []
        self._has_words = False
        """Whether any words are kept."""
        self._position = 0
        self._next = 0

    def read(self) -> str:
        """Return the answer; if it is still growing, the part that is certain."""
        while self._next < len(self._marks):
            mark = self._marks[self._next]
            self._next += 1
            if self._is_over_at(mark):
                return "".join(self._kept)
        return "".join([*self._kept, self._content[self._position :]])

    def _is_over_at(self, mark: _Mark) -> bool:
        """Handle the next mark; return whether nothing after it counts."""
        match mark.kind:
            case _Kind.NEXT_TURN:
                self._drop(mark)
                role = _ROLE.match(self._content, mark.end)
                self._position = role.end() if role else mark.end
            case _Kind.TURN:
                self._keep(mark)
                return self._has_words
            case _Kind.ENDS:
                self._take_end(mark)
            case _Kind.BEGINS:
                return self._is_over_at_beginning(mark)
        return False

    def _take_end(self, mark: _Mark) -> None:
        # some templates swallow the opening mark: then all before was reasoning
        is_of_token = mark.is_token and not mark.is_answer and mark.end < self._length
        if mark.is_thought or is_of_token:
            self._drop(mark)
        elif mark.is_token or mark.is_answer:
            self._keep(mark)

    def _is_over_at_beginning(self, mark: _Mark) -> bool:
        ink = _INK.search(self._content, self._position, mark.start)
        is_first = ink is None and not self._has_words
        is_certain = mark.is_token or mark.is_thought or mark.is_answer
        pair = self._pairs.get(self._next - 1)
        if pair is not None and (is_certain or is_first):
            self._take_pair(mark, pair)
            return mark.is_answer
        if mark.is_answer and is_first:
            self._drop(mark)
        elif self._is_thought(mark, is_first) or not self._is_whole:
            self._keep(mark)
            return True
        elif mark.is_token:
            self._keep(mark)
        return False

    def _is_thought(self, mark: _Mark, is_first: bool) -> bool:
        """Return whether a mark that is not closed begins reasoning."""
        if mark.is_token:
            return bool(mark.is_thought or _THOUGHT.match(self._content, mark.end))
        is_before_text = is_first and mark.end < self._length and self._content[mark.start] == "<"
        return mark.is_thought or is_before_text

    def _take_pair(self, mark: _Mark, pair: int) -> None:
        end = self._marks[pair]
        if mark.is_answer:
            self._drop(mark)
            self._keep(end)
        else:
            self._keep(mark)
            self._position, self._next = end.end, pair + 1

    def _keep(self, mark: _Mark) -> None:
        """Keep what is before ``mark``."""
        before = self._content[self._position : mark.start]
        self._position = mark.end
        if before:
            self._kept.append(before)
        self._has_words = self._has_words or bool(before.strip())

    def _drop(self, mark: _Mark) -> None:
        """Drop what is before ``mark``."""
        self._kept, self._has_words = [], False
        self._position = mark.end


def _pairs(marks: Sequence[_Mark]) -> dict[int, int]:
    """Return the index of the first closing mark by the index of each opening mark."""
    pairs: dict[int, int] = {}
    next_end: dict[str, int] = {}
    for number, mark in reversed(list(enumerate(marks))):
        if mark.kind is _Kind.BEGINS and mark.name in next_end:
            pairs[number] = next_end[mark.name]
        if mark.kind is _Kind.ENDS:
            next_end[mark.name] = number
        elif numbered := _NUMBERED.fullmatch(mark.name):
            # <unused94> is closed by <unused95>
            next_end[f"{numbered[1]}{int(numbered[2]) - 1}"] = number
    return pairs


def _marks(content: str, source: str) -> list[_Mark]:
    found = (_read(mark) for mark in _MARK.finditer(content) if mark[0] not in source)
    return list(islice((mark for mark in found if mark is not None), MOST_MARKS))


def _read(found: re.Match[str]) -> _Mark | None:
    raw = next(text for text in found.group("tag", "special", "closing", "square", "odd") if text)
    words = [word.casefold() for word in _WORDS.findall(raw)]
    name = "".join(word for word in words if word not in _BEGIN | _END | {"of"})
    is_bare = not name and not found["special"]
    if is_bare or (not found["square"] and name in FORMATS):
        return None
    is_token = found["tag"] is None and found["square"] is None
    if not name or _TURN.intersection(words):
        kind = _Kind.NEXT_TURN if name and _BEGIN.intersection(words) else _Kind.TURN
    elif raw.startswith("/") or found["closing"] or _END.intersection(words):
        kind = _Kind.ENDS
    else:
        kind = _Kind.BEGINS
    return _Mark(kind, name, is_token, *found.span())
