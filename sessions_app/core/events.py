"""The values and events that the packages of Habla pass to each other."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Direction(StrEnum):
    """From which language into which."""

    ES_TO_EN = "es_to_en"
    EN_TO_ES = "en_to_es"
    AUTO = "auto"
    """The language is detected for each utterance, among Spanish and English only."""

    @property
    def source(self) -> str | None:
        """Return the language spoken, ``es`` or ``en``; None: it must be detected."""
        return None if self is Direction.AUTO else self.value[:2]

    @property
    def target(self) -> str | None:
        """Return the language translated into, ``es`` or ``en``; None: it must be detected."""
        return None if self is Direction.AUTO else self.value[-2:]

    @classmethod
    def of(cls, language: str) -> "Direction":
        """Return the direction that translates from ``language`` (``es`` or ``en``)."""
        return cls.ES_TO_EN if language == "es" else cls.EN_TO_ES


class Mode(StrEnum):
    """What the session is for."""

    CONVERSATION = "conversation"
    CLASSROOM = "classroom"


@dataclass(frozen=True, slots=True)
class Manner:
    """How an utterance is to be interpreted: as chosen when it began."""

    direction: Direction
    mode: Mode


class DiscardReason(StrEnum):
    """Why a segment was discarded."""

    NO_SPEECH = "no_speech"
    TOO_SHORT = "too_short"
    HALLUCINATION = "hallucination"


# --- input and output of engines -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word of a transcript, with its place in the sound."""

    text: str
    """As it is written, with the marks after it, and with the space before it if there is one."""
    start_seconds: float
    end_seconds: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """The words that a transcriber found in a segment."""

    text: str
    language: str
    """``es`` or ``en``."""
    confidence: float = 1.0
    """0..1: how sure the engine is of the words."""
    no_speech_probability: float = 0.0
    """0..1: how likely the segment holds no speech at all."""
    average_log_probability: float = 0.0
    """Mean log-probability of the tokens (<= 0), as Whisper gives it."""
    compression_ratio: float = 1.0
    """zlib ratio of the text, as Whisper gives it: far above 2 means repetition."""
    words: tuple[SpokenWord, ...] = ()
    """The words of ``text`` one by one; empty: the engine does not say where they are."""


@dataclass(frozen=True, slots=True)
class Said:
    """One earlier exchange, as context for the next translation."""

    source: str
    translated: str
    direction: Direction
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class TranslationRequest:
    """Text to translate. ``direction`` is never ``auto`` here."""

    text: str
    direction: Direction
    context: tuple[Said, ...] = ()
    mode: Mode = Mode.CONVERSATION
    speaker: str | None = None
    topic: str = ""
    """What the conversation is about, in one line; empty: not known."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a translation cost, if its model counts that."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    """In the currency of the configured prices; 0: none are configured."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Something noteworthy in what was said: an idiom, a false friend, a correction."""

    text: str
    meaning: str
    kind: str = "idiom"
    literal: str = ""
    region: str = ""
    """Where an idiom is used: ``ES``, ``LA``, ``US``, ``UK``, separated by commas."""
    register: str = ""
    start: int | None = None
    """Its position in the source, in characters; None: the engine does not say."""
    end: int | None = None


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A translator that was asked first, and whose answer was rejected."""

    engine: str
    fault: str
    """Why, as a value of ``errors.Fault``."""


@dataclass(frozen=True, slots=True)
class Translation:
    """The answer of a translator."""

    text: str
    """The translation; empty: there is no translator."""
    corrected: str = ""
    """The source as the translator thinks it was meant; empty: as it was heard."""
    phrases: tuple[Phrase, ...] = ()
    confidence: float = 1.0
    engine: str = ""
    """The name of the engine that answered."""
    usage: Usage = Usage()
    passed_over: tuple[PassedOver, ...] = ()
    """Translators that were asked first, and gave no usable translation."""
    is_gist: bool = False
    """Whether it conveys only the gist, as what rules translate does."""


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """The description of an engine for users."""

    name: str
    """The short name (``faster-whisper``) or dotted path by which it was chosen."""
    languages: tuple[str, ...] = ()
    """Languages it understands, sorted: ``("en", "es")``."""
    why: str | None = None
    """Why it is this one and not a better one, and how to get the better one; None: it is best."""
    is_none: bool = False
    """Whether nothing is done by it: nothing is transcribed, or nothing translated."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks: a stable id, and a name that people may change. Its row is models.Speaker."""

    id: str
    name: str


# --- events of a session --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Someone began to speak."""

    utterance_id: int
    at_seconds: float
    """Where its sound begins, on the clock of its listening period."""


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The speech of an utterance is over; its words follow."""

    utterance_id: int
    at_seconds: float
    """Where its sound ends, on the clock of its listening period."""


@dataclass(frozen=True, slots=True)
class Partial:
    """A hypothesis sent while speech goes on; ``revision`` n+1 replaces n."""

    utterance_id: int
    revision: int
    stable: str
    """Words on which two consecutive hypotheses agree."""
    unstable: str
    translation: str | None = None


@dataclass(frozen=True, slots=True)
class FinalTranscript:
    """The words of a finished utterance; they never change."""

    utterance_id: int
    text: str
    language: str
    direction: Direction
    speaker: Speaker | None
    start_seconds: float
    """Where its sound begins, on the clock of its listening period; 0 for typed text."""
    end_seconds: float
    """Where its sound ends, likewise."""
    confidence: float


@dataclass(frozen=True, slots=True)
class Exchange:
    """A final transcript with its translation. Its row is models.Exchange."""

    utterance_id: int
    source: str
    translated: str
    """Empty: it could not be translated; ``failure`` says why."""
    language: str
    direction: Direction
    start_seconds: float
    """As in its final transcript; read from a row, on the session's clock, as all rows have it."""
    end_seconds: float
    corrected: str = ""
    speaker: Speaker | None = None
    phrases: tuple[Phrase, ...] = ()
    confidence: float = 1.0
    transcriber: str = ""
    """The engine that heard it; empty for typed text."""
    translator: str = ""
    failure: str = ""
    """The code of the error that prevented its translation; empty: none."""
    exchange_id: int | None = None
    """The row's id, once it is stored."""
    usage: Usage = Usage()
    passed_over: tuple[PassedOver, ...] = ()
    """Translators that were asked first, and gave no usable translation."""
    is_gist: bool = False
    """Whether the translation conveys only the gist, as what rules translate does."""
    is_late: bool = False
    """Whether it was transcribed after its session had ended."""
    awaits_translation: bool = False
    """Whether there was no time left to translate it, so that it is translated afterwards."""


@dataclass(frozen=True, slots=True)
class Discarded:
    """A segment was discarded."""

    utterance_id: int
    reason: DiscardReason


@dataclass(frozen=True, slots=True)
class Lag:
    """Transcription lags behind, or has caught up."""

    seconds: float
    """How long the oldest utterance has waited for its words, without the engine's own time.

    0: transcription has caught up.
    """
    dropped_seconds: float


@dataclass(frozen=True, slots=True)
class Failure:
    """Something went wrong, told to the client."""

    code: str
    message: str
    about: str | int | None = None
    """The command's type, or the utterance's id."""
    fatal: bool = False
    retry_after_seconds: float | None = None
    """If requests come too fast: when to go on."""
    fault: str = ""
    """Why an answer was rejected as a translation (``errors.Fault``); empty: there was none."""
    command: int | None = None
    """The number of the command that it refuses; such a failure is numbered, too."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Any other message of the session; ``type`` and ``fields`` as in docs/protocol.md."""

    type: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    is_passing: bool = False
    """Whether the next one of its type replaces it, so that a client may miss it."""
    is_counted: bool = False
    """Whether it is numbered, and told again to a client that missed it (docs/protocol.md)."""


Event = (
    SpeechStarted
    | SpeechEnded
    | Partial
    | FinalTranscript
    | Exchange
    | Discarded
    | Lag
    | Failure
    | Notice
)


@dataclass(frozen=True, slots=True)
class Numbered:
    """An event of a session that can be resumed, with its number within the session."""

    event: Event
    number: int


Emit = Callable[[Event], Awaitable[None]]
"""Tells an event to whoever it is for."""
