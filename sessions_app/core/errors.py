"""The one tree of errors: each has a code for machines, and a message that may be shown to people.

HablaError
├── SettingsError               a setting is wrong; names the variable and what would be right
├── CommandError                a client asked for something impossible; nothing has changed
│   └── TooFastError                it asks too often; says when to go on
├── RefusedError                a client may not have a session; has the close code
├── GuestEndedError              a guest of a session must end
├── LoginDelayedError           a login may not be tried now; says for how long
├── StoreError                  the database did not store something
│   ├── StoreUnavailableError       it is unavailable as a whole, and may come back
│   ├── DeletedError                what this belongs to was deleted
│   └── ClaimedError                another process has the session that this belongs to
├── CertificateError            one cannot be used (core/certificates/server_certificate.py)
├── BundlingError               modules could not be bundled (web/static_files/bundling.py)
├── AlreadyServingError         another server uses this data directory (server/runfile.py)
├── NotRunningError             no server runs on this data directory (server/remote.py)
├── NoAnswerError               the server runs, but does not answer (server/remote.py)
└── EngineError                 an engine failed
    ├── EngineUnavailableError      it cannot be loaded; says how to fix that
    ├── EngineBusyError             it must not be asked for a while
    │   ├── EngineLoadingError          its model is still being loaded
    │   ├── NotInTimeError              its server was too slow (engines/llm/client.py)
    │   └── ServerAwayError             its server is unreachable (engines/llm/client.py)
    ├── BadTranslationError         the answer of a translator is not a translation
    ├── DecodeError                 the stream is not in the declared format
    ├── DroppedError                the result is not wanted any more (engines/scheduler_work.py)
    ├── RetryableError              the request may succeed if repeated (engines/llm/client.py)
    ├── RequestRefusedError         the server refuses this form of request (engines/llm/client.py)
    │   └── UnfitModelError             the model cannot chat (engines/llm/client.py)
    ├── UnknownModelError           the server does not have the model (engines/llm/client.py)
    ├── WrongAddressError           the address is wrong (engines/llm/client.py)
    ├── StrangeAnswerError          the answer is malformed (engines/speech/openai_answers.py)
    ├── PieceRefusedError           the server refuses this sound (engines/speech/openai_client.py)
    └── SpeechServerSilentError     the server does not answer (engines/speech/openai_client.py)

Those without a file are defined here; the others belong to one module, in that file. An app above
may derive its own.
"""

from enum import StrEnum


class HablaError(Exception):
    """An error that Habla can explain: ``code`` for machines, ``str()`` for people."""

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
    """A client's command is malformed, unknown or not possible now. Nothing has changed."""

    code = "bad_message"


class TooFastError(CommandError):
    """A client asks more often than it may, and may go on after ``retry_after_seconds``."""

    code = "too_fast"

    def __init__(self, message: str, *, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class GuestEndedError(HablaError):
    """A guest of a session must end."""

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
    """The database did not store something."""

    code = "not_kept"


class StoreUnavailableError(StoreError):
    """The database does not answer, or accepts no writes, just now."""

    code = "database_unavailable"


class DeletedError(StoreError):
    """What was to be stored belongs to something that was deleted meanwhile."""

    def __init__(self) -> None:
        super().__init__("What it belongs to was deleted.")


class ClaimedError(StoreError):
    """What was to be stored belongs to a session that another process has claimed meanwhile."""

    def __init__(self) -> None:
        super().__init__("Another process has this session.")


class EngineError(HablaError):
    """An engine failed."""

    code = "engine_failed"


class EngineUnavailableError(EngineError):
    """An engine cannot be loaded. The message says what is missing, and how to fix that."""

    code = "engine_unavailable"


class EngineBusyError(EngineError):
    """An engine must not be asked for ``rest_seconds``."""

    code = "engine_busy"

    def __init__(self, message: str, *, rest_seconds: float) -> None:
        super().__init__(message)
        self.rest_seconds = rest_seconds


class EngineLoadingError(EngineBusyError):
    """A model is being loaded by the program that runs it: nothing has failed."""

    code = "engine_loading"

    def __init__(self, message: str) -> None:
        super().__init__(message, rest_seconds=0.0)


class Fault(StrEnum):
    """Why the answer of a translator is not a translation."""

    EMPTY = "empty"
    """No words."""
    CUT = "cut"
    """Half a sentence: a limit or a filter cut it off."""
    TOO_LONG = "too_long"
    TOO_SHORT = "too_short"
    LOOP = "loop"
    """Endless repetition."""
    ECHO = "echo"
    """The source, not translated."""
    LANGUAGE = "language"
    """Neither Spanish nor English, or the wrong one of them."""
    SCRIPT = "script"
    """Letters of another alphabet."""
    REFUSAL = "refusal"
    """The model refuses, or talks about itself."""
    MARKUP = "markup"
    """HTML, Markdown, JSON, or control tokens of the model."""


class BadTranslationError(EngineError):
    """The answer of ``engine`` is not a translation; ``fault`` says why."""

    code = "bad_translation"

    def __init__(self, message: str, *, engine: str, fault: Fault) -> None:
        super().__init__(message)
        self.engine = engine
        self.fault = fault


class DecodeError(EngineError):
    """A stream is not in the declared format, or expands beyond all limits."""

    code = "broken_stream"
