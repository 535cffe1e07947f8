"""Reading one draft of a language model while it is generated: only what is surely the answer."""

import re

from sessions_app.engines.base import Tell
from sessions_app.engines.llm.answers import parse_chat_answer, plain_words
from sessions_app.engines.llm.reasoning import begins_in_thought

LONG_CHARACTERS = 500
"""A longer draft that is held back is examined again only when a mark may have ended."""
_CLOSERS = re.compile(r"[>\]}】;▷⟩〉\uff1e⟫\n]")
"""The characters that end marks, and lines of reasoning."""
_ALOUD = re.compile(
    r"\W*(?:hmm+|alright|thinking)\b|\W*(?:(?:okay|ok|so|well|first|right)\b\W*)*"
    r"(?:let me|let's|i need to|we need to|i have to|i should|they (?:want|ask)|this (?:is|means)"
    r"|the (?:user|speaker|sentence|phrase|text|task)|thinking process|translat)",
    re.IGNORECASE,
)
"""How models begin to reason: without an opening mark, a closing mark may still come."""
_OPENINGS = (
    *("let me ", "let's ", "i need to", "we need to", "i should", "the user", "the speaker"),
    *("the sentence", "the phrase", "the text", "the task", "they want", "hmm", "alright"),
)
"""A draft that may become one of these is held back, which delays it by two words at most."""
_ALOUD_BEGINS = re.compile(
    r"\W*(?:(?:okay|ok|alright|hmm|so|well|first|right)\b\W*)+(?:\w+\W+){0,2}\w*\W*",
    re.IGNORECASE,
)


class DraftReader:
    """Reads the content of a stream as it grows.

    ``hides_thoughts``: the model is known to begin with reasoning that has no opening mark; it
    becomes true as soon as that is seen.
    """

    def __init__(self, source: str, *, target: str = "", hides_thoughts: bool = False) -> None:
        self.hides_thoughts = hides_thoughts
        self._source = source
        self._target = target
        self._content = ""
        self._told = ""
        self._is_held = False

    def read(self, content: str) -> str:
        """Take all of the content so far; return the draft; empty: nothing is new."""
        added, self._content = content[len(self._content) :], content
        is_closing = _CLOSERS.search(added) is not None
        if self._is_held and len(content) > LONG_CHARACTERS and not is_closing:
            return ""
        if is_closing:
            self._notice_thoughts()
        draft = plain_words(content, self._source, hides_thoughts=self.hides_thoughts)
        self._is_held = not draft
        return "" if self._thinks_aloud(draft) else self._new(draft)

    def telling(self, tell: Tell) -> Tell:
        """Return a function that takes the growing content, and tells changed drafts."""

        async def grow(content: str) -> None:
            if draft := self.read(content):
                await tell(draft)

        return grow

    def end(self) -> str:
        """Return the complete draft; empty: nothing is new.

        Raises:
            BadTranslationError: there is no translation in it.
        """
        if not self._content.strip():
            return ""
        self._notice_thoughts()
        return self._new(
            parse_chat_answer(self._content, self._source, target=self._target).translated
        )

    def _notice_thoughts(self) -> None:
        if not self.hides_thoughts:
            self.hides_thoughts = begins_in_thought(self._content, self._source)

    def _thinks_aloud(self, draft: str) -> bool:
        start = draft.lstrip().casefold()
        may_think = (
            _ALOUD.match(draft)
            or _ALOUD_BEGINS.fullmatch(draft)
            or any(opening.startswith(start) for opening in _OPENINGS)
        )
        return bool(may_think) and not self.hides_thoughts

    def _new(self, draft: str) -> str:
        told, self._told = self._told, draft
        return "" if draft == told else draft
