"""The forms of a chat request: formats in order of preference, with fallbacks after a refusal."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sessions_app.engines.llm.client import SERVER, RequestRefusedError
from sessions_app.engines.server_profiles import Format, Profile

logger = logging.getLogger(__name__)

ANSWER_TOKENS = 2048
IN_WORDS = (Format.TEXT, Format.BARE)
"""The formats that ask for plain text."""

Messages = list[dict[str, str]]
Result = TypeVar("Result")


@dataclass(slots=True)
class Ladder:
    """The formats of one kind of request, strictest first, and the one that the server accepts."""

    formats: tuple[Format, ...]
    rung: int = 0
    is_proven: bool = False
    """Whether the server accepted it before: then a failure is not due to the format."""

    async def descend(self, ask: Callable[[Format], Awaitable[Result]]) -> Result:
        """Return the result of ``ask`` with the first format that is not refused.

        Raises:
            RequestRefusedError: all are; the error is that of the last one.
        """
        refusal = RequestRefusedError(f"{SERVER} refused this sentence.")
        for rung in range(self.rung, len(self.formats)):
            try:
                result = await ask(self.formats[rung])
            except RequestRefusedError as error:
                logger.info("the format %s is not taken", self.formats[rung])
                refusal = error
                continue
            self.rung, self.is_proven = rung, True
            return result
        raise refusal


def body_of(
    profile: Profile, model: str, messages: Messages, schema: Any, form: Format
) -> dict[str, Any]:
    """Return the body of a request for ``messages`` in the format ``form``."""
    body: dict[str, Any] = {"model": model, "messages": messages}
    if form is Format.BARE:
        return body
    if profile.temperature is not None:
        body["temperature"] = profile.temperature
    body[profile.limit_name] = ANSWER_TOKENS
    body |= profile.extras
    if response_format := _response_format(form, schema):
        body["response_format"] = response_format
    return body


def _response_format(form: Format, schema: Any) -> dict[str, Any] | None:
    if schema is None:
        return None
    if form is Format.JSON_SCHEMA:
        named = {"name": "translation", "strict": True, "schema": schema}
        return {"type": "json_schema", "json_schema": named}
    if form is Format.OBJECT_WITH_SCHEMA:
        return {"type": "json_object", "schema": schema}
    return {"type": "json_object"} if form is Format.JSON_OBJECT else None
