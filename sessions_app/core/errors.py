"""The one tree of errors: each has a code for machines and a message fit to be shown.

HablaError
├── SettingsError          a setting is wrong; names the variable and what would be right
├── CommandError           a client asked for something that cannot be done; nothing changed
│   └── TooFastError           it asks more often than it may; says when to go on
├── RefusedError           a client may not have a session; carries the close code
├── LoginDelayedError      a login may not be tried now; says for how long
├── StoreError             the database did not keep something
│   ├── StoreUnavailableError    it fails just now, as a whole; it may come back
│   └── DeletedError             what this belongs to was deleted
└── EngineError            an engine failed
    ├── EngineUnavailableError   it cannot be loaded; says how to mend that
    ├── EngineBusyError          it wants to be left alone for a while
    │   └── EngineLoadingError       its model is not there yet
    ├── BadTranslationError      what a translator gave is no translation
    └── DecodeError              the stream is not what it was said to be
"""

from enum import StrEnum


class HablaError(Exception):
    """Something Habla can explain: ``code`` for machines, ``str()`` for people."""

    code = "internal"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class SettingsError(HablaError):
    """A setting is wrong. The message names the variable and says what would be right."""

    code = "bad_settings"

    def __init__(self, message: str, *, variable: str) -> None:
        super().__init__(message)
        self.variable = variable


class CommandError(HablaError):
    """A client asked for something malformed, unknown or out of place. Nothing has changed."""

    code = "bad_message"


class TooFastError(CommandError):
    """A client asks more often than it may. ``retry_after_seconds`` says when to go on."""

    code = "too_fast"

    def __init__(self, message: str, *, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class DismissedError(HablaError):
    """A guest of a session, such as a playback, has to go."""

    code = "dismissed"

    def __init__(self) -> None:
        super().__init__("It was ended.")


class RefusedError(HablaError):
    """A client may not have a session. ``close_code`` is the WebSocket's close code."""

    code = "refused"

    def __init__(self, message: str, *, code: str, close_code: int) -> None:
        super().__init__(message, code=code)
        self.close_code = close_code


class LoginDelayedError(HablaError):
    """A login may not be tried for ``seconds``."""

    code = "too_many_logins"

    def __init__(self, message: str, *, code: str, seconds: int) -> None:
        super().__init__(message, code=code)
        self.seconds = seconds


class StoreError(HablaError):
    """The database did not keep something."""

    code = "not_kept"


class StoreUnavailableError(StoreError):
    """The database does not answer, or takes nothing, just now."""

    code = "database_unavailable"


class DeletedError(StoreError):
    """What should be kept belongs to something that was deleted meanwhile."""

    def __init__(self) -> None:
        super().__init__("What it belongs to was deleted.")


class EngineError(HablaError):
    """An engine failed at something."""

    code = "engine_failed"


class EngineUnavailableError(EngineError):
    """An engine cannot be loaded. The message says what is missing and how to mend it."""

    code = "engine_unavailable"


class EngineBusyError(EngineError):
    """An engine wants to be left alone for ``rest_seconds``."""

    code = "engine_busy"

    def __init__(self, message: str, *, rest_seconds: float) -> None:
        super().__init__(message)
        self.rest_seconds = rest_seconds


class EngineLoadingError(EngineBusyError):
    """A model that another program holds is being loaded there: nothing has failed."""

    code = "engine_loading"

    def __init__(self, message: str) -> None:
        super().__init__(message, rest_seconds=0.0)


class Fault(StrEnum):
    """Why what a translator gave is no translation."""

    EMPTY = "empty"
    """No words."""
    CUT = "cut"
    """Half of a sentence: a limit, or a filter, ended it."""
    TOO_LONG = "too_long"
    TOO_SHORT = "too_short"
    LOOP = "loop"
    """The same again and again."""
    ECHO = "echo"
    """What was said, as it was said."""
    LANGUAGE = "language"
    """Neither Spanish nor English, or the wrong one of them."""
    SCRIPT = "script"
    """Letters that neither is written with."""
    REFUSAL = "refusal"
    """A model speaks of itself."""
    MARKUP = "markup"
    """HTML, Markdown, JSON, or the marks of a model's own."""


class BadTranslationError(EngineError):
    """What ``engine`` gave is no translation; ``fault`` is why, in one word."""

    code = "bad_translation"

    def __init__(self, message: str, *, engine: str, fault: Fault) -> None:
        super().__init__(message)
        self.engine = engine
        self.fault = fault


class DecodeError(EngineError):
    """A stream is not what it was said to be, or expands beyond reason."""

    code = "broken_stream"
