"""The responses of chat servers: whole ones, and streams of pieces."""

import json
from dataclasses import dataclass
from typing import Any

from sessions_app.core.errors import BadTranslationError, EngineError, Fault
from sessions_app.engines.text.whole_text import split_half, whole

EMPTY = "The language model gave an empty answer."
STRANGE = "The language model's server gave a strange answer."
LONGEST_CHARACTERS = 1_000_000
"""The longest answer that is accepted."""
CUT = frozenset({"length", "max_tokens", "max_length", "model_length", "content_filter", "safety"})
"""The reasons that servers give when a model was stopped."""
MOST_TOKENS = 1_000_000_000
"""The most that the database can store, whatever a server claims."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's words, and its token counts."""

    content: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    is_cut: bool = False
    """The model was stopped before it had finished."""


def read_reply(body: bytes) -> Reply:
    """Return the reply in the body of a whole response.

    Raises:
        EngineError: it is no response of such a server, or an empty one.
    """
    answer = read_object(body)
    choice = _first(answer.get("choices"))
    message = choice.get("message")
    content = whole(_content(message) if isinstance(message, dict) else _text(choice.get("text")))
    if not content.strip():
        has_refused = isinstance(message, dict) and bool(message.get("refusal"))
        fault = Fault.REFUSAL if has_refused else Fault.EMPTY
        raise BadTranslationError(EMPTY, engine="llm", fault=fault)
    usage = answer.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    return Reply(
        content,
        _count(counts.get("prompt_tokens")),
        _count(counts.get("completion_tokens")),
        is_cut=str(choice.get("finish_reason")).casefold() in CUT,
    )


def check_reply(body: bytes) -> None:
    """Check that ``body`` is a response of such a server, even if empty.

    Raises:
        EngineError: it is none.
    """
    _first(read_object(body).get("choices"))


class ReplyPieces:
    """Reads a stream of server-sent events, however it is split."""

    def __init__(self) -> None:
        self._rest = ""
        self._half = ""
        self.is_done = False

    def feed(self, text: str) -> str:
        """Take the next text of the stream; return the words that it completes.

        Raises:
            EngineError: the server reports an error, or sends an endless line.
        """
        *lines, self._rest = (self._rest + text).split("\n")
        if len(self._rest) > LONGEST_CHARACTERS:
            raise EngineError(STRANGE)
        words = self._half + "".join(self._words(line.strip()) for line in lines)
        words, self._half = split_half(words)  # half of an emoji, whose other half may follow
        return whole(words)

    def _words(self, line: str) -> str:
        if not line.startswith("data:"):
            return ""
        data = line.removeprefix("data:").strip()
        if data == "[DONE]":
            self.is_done = True
            return ""
        event = read_object(data)
        if "error" in event:
            raise EngineError("The language model broke off.")
        choices = event.get("choices")
        delta = _first(choices).get("delta") if choices else None
        return _text(delta.get("content")) if isinstance(delta, dict) else ""


def read_object(body: bytes | str) -> dict[str, Any]:
    """Return the JSON object in ``body``.

    Raises:
        EngineError: it is none.
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise EngineError(STRANGE) from error
    if not isinstance(value, dict):
        raise EngineError(STRANGE)
    return value


def _first(choices: Any) -> dict[str, Any]:
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict):
        raise EngineError(STRANGE)
    return choice


def _text(content: Any) -> str:
    if isinstance(content, list):  # in parts, as newer servers may send it
        spoken = (part for part in content if isinstance(part, dict))
        # a model's reasoning is a part of its own
        parts = [part.get("text") for part in spoken if "text" in str(part.get("type", "text"))]
        return "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _content(message: dict[str, Any]) -> str:
    """Return the content of a message, or the arguments of a tool that it calls."""
    content = _text(message.get("content"))
    calls = message.get("tool_calls")
    if content.strip() or not isinstance(calls, list):
        return content or _arguments(message.get("function_call"))
    called = (call.get("function") for call in calls if isinstance(call, dict))
    return next(filter(None, map(_arguments, called)), content)


def _arguments(function: Any) -> str:
    arguments = function.get("arguments") if isinstance(function, dict) else None
    return json.dumps(arguments) if isinstance(arguments, dict) else _text(arguments)


def _count(value: Any) -> int:
    return min(value, MOST_TOKENS) if isinstance(value, int) and value > 0 else 0
