"""JSON to commands, events to JSON: the public contract of docs/protocol.md. Pure."""

import json
import math
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    TypeAdapter,
    ValidationError,
    field_validator,
)
from pydantic_core import PydanticCustomError

from sessions_app.core import events
from sessions_app.core.audio import SAMPLE_RATE, Encoding
from sessions_app.core.errors import CommandError
from sessions_app.core.printable import is_visible
from sessions_app.pipeline.pace import PaceOptions

VERSION = 1
MAX_MESSAGE_BYTES = 256 * 1024
MAX_TEXT_CHARACTERS = 2_000
MAX_NAME_CHARACTERS = 60
MOST_COMMANDS = 2**53 - 1
"""The highest number that a client may give a command: what JavaScript counts exactly."""
MOST_UNACKNOWLEDGED_BYTES = 3 * 1024 * 1024
"""How much sound a client may send beyond what is acknowledged: less than may wait here."""
LIMITS = {
    "message_bytes": MAX_MESSAGE_BYTES,
    "text_characters": MAX_TEXT_CHARACTERS,
    "name_characters": MAX_NAME_CHARACTERS,
    "burst_seconds": PaceOptions().burst_seconds,
    "unacknowledged_bytes": MOST_UNACKNOWLEDGED_BYTES,
}


class CloseCode:
    """Why the server closes: Daphne can send only 1000 and 4xxx."""

    LEFT = 1000
    FAILED = 4011
    QUITTING = 4012
    FULL = 4013
    NOT_OUR_PROTOCOL = 4400
    LOGIN_FIRST = 4401
    WRONG_ORIGIN = 4403
    SILENT = 4408
    TOO_FAST = 4409
    NO_TICKET = 4410
    TAKEN_OVER = 4414


# --- what clients say -----------------------------------------------------------------------


def _without_nul(text: str) -> str:
    # PostgreSQL keeps no NUL, and nobody says one
    return text.replace("\0", "")


Words = Annotated[str, BeforeValidator(lambda v: _without_nul(v) if isinstance(v, str) else v)]


def _shown(text: str) -> str:
    if text.strip() and not is_visible(text):
        raise PydanticCustomError("unseen", "Nothing of it can be seen")
    return _without_nul(text)


Shown = Annotated[str, BeforeValidator(lambda v: _shown(v) if isinstance(v, str) else v)]
"""Words of which something can be seen, or none at all."""


class ClientCommand(BaseModel):
    """What a client asks. Each kind has a class; ``type`` is what such a message is called."""

    model_config = ConfigDict(
        frozen=True, strict=True, str_strip_whitespace=True, allow_inf_nan=False
    )
    type: str
    command: int | None = Field(default=None, ge=1, le=MOST_COMMANDS)
    """Its number, if the client numbers its commands; one that comes again does nothing."""
    writes: ClassVar[bool] = False
    """Whether it makes or changes rows of its own, and so may be asked for less often."""
    is_in_order: ClassVar[bool] = True
    """Whether what the client says after it, such as sound, means something else without it."""


class StartListening(ClientCommand):
    """Sound follows, encoded so."""

    type: Literal["start_listening"]
    encoding: Encoding = Encoding.WEBM_OPUS
    sample_rate: int = Field(SAMPLE_RATE, ge=8_000, le=192_000)
    """Of PCM, in Hz."""
    record: bool = True
    """Whether its sound may be kept; false: nothing of it is, whatever the server's settings."""


class StopListening(ClientCommand):
    """No more sound; all that was sent is still heard."""

    type: Literal["stop_listening"]


class TextInput(ClientCommand):
    """Typed words, to be translated as if spoken."""

    type: Literal["text_input"]
    text: Shown = Field(min_length=1, max_length=MAX_TEXT_CHARACTERS)
    speaker_id: Words | None = Field(None, max_length=20)


class SetDirection(ClientCommand):
    """Translate so from the next utterance on."""

    type: Literal["set_direction"]
    direction: events.Direction


class SetMode(ClientCommand):
    """Be used for this from the next utterance on."""

    type: Literal["set_mode"]
    mode: events.Mode


class RenameSpeaker(ClientCommand):
    """Call a speaker by this name."""

    writes = True
    is_in_order = False
    type: Literal["rename_speaker"]
    speaker_id: Words = Field(min_length=1, max_length=20)
    name: Shown = Field(min_length=1, max_length=MAX_NAME_CHARACTERS)


class NewConversation(ClientCommand):
    """Start afresh; what is in flight stays in the old conversation."""

    writes = True
    type: Literal["new_conversation"]


class NotSent(ClientCommand):
    """Some of the stream is lost: the client could not hold it until it could be sent."""

    type: Literal["not_sent"]
    stream: int = Field(ge=1, le=MOST_COMMANDS)
    bytes: int = Field(ge=0, le=MOST_COMMANDS)
    """How much of the stream as it would have been sent."""
    seconds: float = Field(ge=0, le=7 * 86_400)


class Leave(ClientCommand):
    """The client leaves for good."""

    type: Literal["leave"]


class Ping(ClientCommand):
    """Are you there?"""

    type: Literal["ping"]
    t: JsonValue = None

    @field_validator("t")
    @classmethod
    def _can_be_answered(cls, value: JsonValue) -> JsonValue:
        json.dumps(value, allow_nan=False)  # 1e999 is JSON, infinity is not
        return value


_CODES = {
    "json_invalid": "bad_json",
    "string_unicode": "bad_json",
    "model_attributes_type": "bad_message",
    "model_type": "bad_message",
    "dict_type": "bad_message",
    "union_tag_invalid": "unknown_type",
    "union_tag_not_found": "unknown_type",
}

_MESSAGES = {
    "bad_message": "A message is a JSON object with a type.",
    "unknown_type": "A message needs a type that this server knows.",
}


def decode(text: str, kinds: Iterable[type[ClientCommand]]) -> ClientCommand:
    """Return the command in a text frame, which is one of ``kinds``.

    Raises:
        CommandError: it is malformed or unknown; the message names the field.
    """
    try:
        command = _parser(tuple(dict.fromkeys(kinds))).validate_json(text)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
        code = _CODES.get(problem["type"], "bad_field")
        where = ".".join(str(part) for part in problem["loc"][1:])
        message = f"{where}: {problem['msg']}" if where else _MESSAGES.get(code, problem["msg"])
        raise CommandError(message, code=code) from error
    if any(isinstance(value, str) and "\0" in value for _, value in command):
        message = "No field may hold a NUL: no database keeps it."
        raise CommandError(message, code="bad_field")
    return command


@cache
def _parser(kinds: tuple[type[ClientCommand], ...]) -> TypeAdapter[ClientCommand]:
    any_of_them: Any = reduce(or_, kinds)
    return TypeAdapter(Annotated[any_of_them, Field(discriminator="type")])


def subject(text: str) -> str | None:
    """Return the type that a text frame claims, to say what an error is about."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return None
    kind = message.get("type") if isinstance(message, dict) else None
    return kind[:40] if isinstance(kind, str) else None


# --- what sessions say ----------------------------------------------------------------------

_TYPES: dict[type, str] = {
    events.SpeechStarted: "speech_started",
    events.SpeechEnded: "speech_ended",
    events.Partial: "partial",
    events.FinalTranscript: "transcript",
    events.Exchange: "translation",
    events.Discarded: "discarded",
    events.Lag: "lag",
    events.Failure: "error",
}
_OF_A_TRANSLATION = (
    "utterance_id",
    "exchange_id",
    "stored",
    "source",
    "corrected",
    "translated",
    "direction",
    "speaker",
    "phrases",
    "engine",
)
_OPTIONAL: dict[type, tuple[str, ...]] = {
    events.Partial: ("translation",),
    events.Failure: ("retry_after_seconds", "fault", "command"),
}
"""Fields that are left out where they say nothing."""


def encode(told: events.Event | events.Numbered) -> str:
    """Return the text frame that tells a client of an event: valid JSON, and valid UTF-8."""
    if isinstance(told, events.Numbered):
        fields = {**_fields(told.event), "event": told.number}
    else:
        fields = _fields(told)
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"), default=str)
    # half a surrogate pair, from an engine or a client, would not get through the socket
    return text.encode(errors="replace").decode()


def as_notice(event: events.Event) -> events.Notice:
    """Return the message that tells of ``event``, by its type and its fields."""
    fields = _fields(event)
    return events.Notice(fields.pop("type"), fields)


def _fields(event: events.Event) -> dict[str, Any]:
    if isinstance(event, events.Notice):
        return {"type": event.type, **event.fields}
    fields = {name: _rounded(value) for name, value in asdict(event).items()}
    for name in _OPTIONAL.get(type(event), ()):
        if fields[name] in (None, ""):
            del fields[name]
    if isinstance(event, events.Exchange):
        fields = _of_translation(event, fields)
    return {"type": _TYPES[type(event)], **fields}


def _of_translation(event: events.Exchange, fields: dict[str, Any]) -> dict[str, Any]:
    fields["engine"] = event.translator
    fields["stored"] = event.exchange_id is not None
    fields["corrected"] = event.corrected or event.source
    told = {name: fields[name] for name in _OF_A_TRANSLATION}
    if event.is_gist:
        told["gist"] = True
    if event.passed_over:
        told["passed_over"] = fields["passed_over"]
    return told


def _rounded(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return round(value, 3) if math.isfinite(value) else None
