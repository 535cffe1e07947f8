"""Who is told of commands: whoever runs the server; others are told to ask them."""

import re
from collections.abc import Callable, Mapping
from typing import Any

COMMANDS = "manage.py"
ASK = "Whoever runs this server can change that."
SENTENCE_END = re.compile(r"(?<=[.!?]) +")
OUR_OWN = frozenset({"message", "note", "problem", "why"})
"""Fields of messages with texts of ours, never with what people said."""


def for_everybody(text: str) -> str:
    """Return ``text`` with the sentences about commands replaced by one that says whom to ask."""
    if COMMANDS not in text:
        return text
    sentences = [each for each in SENTENCE_END.split(text) if COMMANDS not in each]
    return " ".join([*sentences, ASK])


def fields_for_everybody(fields: Any) -> Any:
    """Return the fields of a message, however deep, with our own texts fit for everybody."""
    return with_texts(fields, for_everybody)


def with_texts(fields: Any, change: Callable[[str], str]) -> Any:
    """Return the fields of a message, however deep, with our own texts as ``change`` gives them."""
    match fields:
        case Mapping():
            return {
                name: change(value)
                if name in OUR_OWN and isinstance(value, str)
                else with_texts(value, change)
                for name, value in fields.items()
            }
        case list():
            return [with_texts(each, change) for each in fields]
        case _:
            return fields
